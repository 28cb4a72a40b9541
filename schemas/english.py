"""The words of a clip in English, beside the original and never in its place."""

from typing import Literal

from schemas.exchange import Exchange
from schemas.maker import Maker
from schemas.units import Row


class English(Row):
    clip_id: str
    made_by: Maker
    text_en: str | None  # None exactly where `missing` says why
    # same: the words are English as they are; speech: the engine that heard them translated them.
    source: Literal["same", "speech", "chat"] | None
    missing: Literal["no_engine", "no_peak", "no_words"] | None
    flags: tuple[str, ...]  # "injection_suspected"
    asked: Exchange | None
    raw: str | None  # the model's whole answer
