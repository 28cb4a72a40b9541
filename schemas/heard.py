"""How a voice sounds to a model that listens: MERR's closed choice of tones and a description."""

from typing import Literal

from schemas.exchange import Exchange
from schemas.maker import Maker
from schemas.units import Row

# MERR's closed choice (Emotion-LLaMA issue 43), in its order.
HeardTone = Literal[
    "joyful",
    "sad",
    "shocked",
    "fearful",
    "angry",
    "positive",
    "negative",
    "calm",
    "doubtful",
    "dismissive",
]


class Heard(Row):
    clip_id: str
    made_by: Maker
    tone: HeardTone | None  # None: none of the ten fits, or nobody was asked
    description: str | None  # one or two sentences; None exactly where `missing` says why
    missing: Literal["no_engine", "no_peak", "no_audio", "no_speech", "not_heard"] | None
    flags: tuple[str, ...]  # "injection_suspected"
    asked: Exchange | None
    raw: str | None  # the model's whole answer
