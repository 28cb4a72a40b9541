"""Which engine measures a modality, with the settings of each engine in a section of its own.

A section named like an engine ("-" as "_") decides rows only where that engine is chosen.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from annotators.face import MeshSettings
from annotators.hearing import HearingRules
from annotators.openface import OpenFaceSettings
from annotators.pyfeat import PyFeatSettings
from annotators.whisper_settings import (
    EndpointSettings,
    FasterWhisperSettings,
    WhisperXSettings,
)
from schemas.chat import base_url
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
    engine: Literal["silero", "faster-whisper", "whisperx", "endpoint"] = Field(
        default="silero",
        description="Who hears the words. silero: nobody; words come from subtitles and "
        "transcripts. faster-whisper: Whisper in the worker processes. whisperx: Whisper in an "
        "environment of its own, with aligned words and speakers. endpoint: a service.",
    )
    listen: Literal["missing", "always"] = Field(
        default="missing",
        description="missing: an engine listens where no words were given; always: there, too. "
        "Words that were given stay the transcript, those heard then stand beside them.",
    )
    rules: HearingRules = HearingRules()
    faster_whisper: FasterWhisperSettings = FasterWhisperSettings()
    whisperx: WhisperXSettings = WhisperXSettings()
    endpoint: EndpointSettings = EndpointSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.engine == "endpoint" and not (self.endpoint.url and self.endpoint.model):
            raise ValueError("engine endpoint needs speech.endpoint.url and speech.endpoint.model")
        if self.engine == "endpoint":
            base_url(str(self.endpoint.url))
        return self
