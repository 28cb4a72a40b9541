"""Which engine measures a modality, with the settings of each engine in a section of its own.

A section named like an engine ("-" as "_") decides rows only where that engine is chosen.
"""

from typing import Literal

from pydantic import Field

from annotators.face import MeshSettings
from annotators.openface import OpenFaceSettings
from annotators.pyfeat import PyFeatSettings
from schemas.units import Row


class FaceSettings(Row):
    engine: Literal["mesh", "openface", "pyfeat"] = Field(
        default="mesh",
        description="Who measures the face. mesh: proxies from geometry, no trained action units. "
        "openface: OpenFace 2, which you install (research only). pyfeat: py-feat, in an "
        "environment of its own (research only).",
    )
    mesh: MeshSettings = MeshSettings()
    openface: OpenFaceSettings = OpenFaceSettings()
    pyfeat: PyFeatSettings = PyFeatSettings()


class SpeechSettings(Row):
    engine: Literal["silero"] = Field(
        default="silero",
        description="Who hears the words. silero: nobody; words come from subtitles and "
        "transcripts.",
    )
