"""The clip: a named span of a video. It points at media and never holds it."""

import hashlib
from typing import Literal, Self

from pydantic import model_validator

from schemas.units import Microseconds, Row

CutRule = Literal["whole", "spans", "subtitles", "silence", "still"]


def clip_id_of(video_id: str, start_us: int, end_us: int) -> str:
    """32 hex digits from content and span alone, never from position or name."""
    return hashlib.sha256(f"{video_id}:{start_us}:{end_us}".encode()).hexdigest()[:32]


def declared_ids(name: str) -> tuple[str, str]:
    """(video_id, clip_id) of a clip of which there is only a name: an imported set has no video."""
    video_id = hashlib.sha256(f"declared:{name}".encode("utf-8", "surrogatepass")).hexdigest()
    return video_id, hashlib.sha256(f"{video_id}:declared".encode()).hexdigest()[:32]


class Clip(Row):
    clip_id: str
    video_id: str
    start_us: Microseconds  # from the start of the video, inclusive
    end_us: Microseconds  # exclusive; equal to start_us for a still
    rule: CutRule
    has_audio: bool
    identity: Literal["bytes", "declared"] = "bytes"

    @property
    def still(self) -> bool:
        return self.rule == "still"

    @property
    def start_s(self) -> float:
        return self.start_us / 1e6

    @property
    def end_s(self) -> float:
        return self.end_us / 1e6

    @property
    def duration_s(self) -> float:
        return (self.end_us - self.start_us) / 1e6

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end_us < self.start_us or (self.end_us == self.start_us and not self.still):
            raise ValueError(f"end_us {self.end_us} is not after start_us {self.start_us}")
        return self

    @classmethod
    def of(
        cls, video_id: str, start_us: int, end_us: int, *, rule: CutRule, has_audio: bool
    ) -> Self:
        return cls(
            clip_id=clip_id_of(video_id, start_us, end_us),
            video_id=video_id,
            start_us=start_us,
            end_us=end_us,
            rule=rule,
            has_audio=has_audio,
        )
