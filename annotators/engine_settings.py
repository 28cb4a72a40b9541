"""Which engine measures a modality, with the settings of each engine in a section of its own.

A section named like an engine ("-" as "_") decides rows only where that engine is chosen.
"""

from typing import Literal

from pydantic import Field

from annotators.face import MeshSettings
from schemas.units import Row


class FaceSettings(Row):
    engine: Literal["mesh"] = Field(
        default="mesh", description="Who measures the face. mesh: proxies from geometry."
    )
    mesh: MeshSettings = MeshSettings()


class SpeechSettings(Row):
    engine: Literal["silero"] = Field(
        default="silero",
        description="Who hears the words. silero: nobody; words come from subtitles and "
        "transcripts.",
    )
