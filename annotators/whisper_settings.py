"""Settings of the engines that hear words. A section decides rows where its engine is chosen."""

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.units import Row

_MODEL = (
    "tiny, base, small, medium, large-v1, large-v2, large-v3 (with .en up to medium), the id of a "
    "model on the Hugging Face hub, or a folder."
)


class WhisperSettings(Row):
    """What Whisper is told, wherever it runs."""

    known_by_digest: ClassVar = ("model",)  # a folder may move: keys hold what its files say

    model: str = Field(default="small", min_length=1, description=f"Converted Whisper: {_MODEL}")
    language: str | None = Field(
        default=None, description="Language spoken, e.g. zh. Not set: told clip by clip."
    )
    translate: bool = Field(
        default=False,
        description="Ask Whisper a second time, for English (text_en), where another language is "
        "spoken.",
    )
    beam_size: int = Field(default=5, ge=1, description="Beams of the search for words.")
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where it computes; the last digits differ, so it decides rows."
    )
    compute_type: Literal["int8", "int8_float16", "int8_float32", "float16", "float32"] = Field(
        default="int8", description="Numbers it computes with; float16 types need device cuda."
    )

    @model_validator(mode="after")
    def _device_can(self) -> Self:
        if self.device == "cpu" and "float16" in self.compute_type:
            raise ValueError(f"compute_type {self.compute_type} needs device cuda")
        return self


class FasterWhisperSettings(WhisperSettings):
    vad_filter: bool = Field(
        default=True, description="Cut silence out before listening (Silero, in its package)."
    )
    batch_size: int = Field(
        default=1,
        ge=1,
        description="Windows of 30 s that are heard at once. 1: one after the other.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.batch_size > 1 and not self.vad_filter:
            raise ValueError("batch_size above 1 needs vad_filter: its silences part the windows")
        return self


class WhisperXSettings(WhisperSettings):
    batch_size: int = Field(default=8, ge=1, description="Windows that are heard at once.")
    align: tuple[str, ...] = Field(
        default=("en",),
        description="Languages whose words are aligned with the sound; words of others have no "
        "times.",
    )
    align_model: str | None = Field(
        default=None,
        description="Model that aligns, an id or a folder, for one language in align. Not set: "
        "that of whisperx for the language.",
    )
    speakers: bool = Field(
        default=False, description="Say who speaks each aligned word; needs a model with terms."
    )
    speaker_model: str | None = Field(
        default=None,
        description="Model that tells speakers. Not set: that of whisperx (pyannote community-1).",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.align_model is not None and len(self.align) != 1:
            raise ValueError("align_model is for one language: name just that one in align")
        if self.speakers and not self.align:
            raise ValueError("speakers needs align: a word without a time has no speaker")
        return self


class WhisperXRun(Row):
    """How WhisperX works; changes no row."""

    python: Path | None = Field(
        default=None,
        description="Python of an environment with whisperx 3.8.6. Not set: that of `merr engines "
        "install whisperx`.",
    )
    memory_gb: float = Field(
        default=8.0, gt=0, description="Memory that each of its processes may take, in GB."
    )
    start_s: float = Field(
        default=300.0, gt=0, description="Seconds in which its models must be loaded."
    )
    deadline_s: float = Field(
        default=180.0, gt=0, description="Seconds for a sound, beside 10 for each second of it."
    )


class EndpointSettings(Row):
    url: str | None = Field(
        default=None,
        description="Base URL of an OpenAI-compatible endpoint, e.g. http://localhost:8000/v1; the "
        "sound is sent to it.",
    )
    model: str | None = Field(default=None, description="Model as the endpoint names it.")
    language: str | None = Field(
        default=None, description="Language spoken, e.g. zh. Not set: told clip by clip."
    )
    prompt: str | None = Field(
        default=None, description="Words that help the model, e.g. names in the film."
    )
    temperature: float | None = Field(
        default=0.0, ge=0, le=1, description="As the endpoint takes it. Not set: its own."
    )


class EndpointRun(Row):
    """Who asks a transcription endpoint; changes no row. How it is asked, [run.chat] says."""

    key_env: str | None = Field(
        default=None, description="Environment variable that holds its key. Not set: no key."
    )
    keyring: str | None = Field(
        default=None,
        description="Where the system's keyring has its key, as SERVICE/USER; asked where the "
        "variable is not set. Needs the package keyring.",
    )


class FasterWhisperRun(Row):
    """How faster-whisper works; changes no row."""

    deadline_s: float = Field(
        default=180.0,
        ge=0,
        description="Seconds added to the deadline of a clip that is listened to: a window of 30 s "
        "costs the same whatever the length of the clip, and the model is loaded on the first.",
    )
