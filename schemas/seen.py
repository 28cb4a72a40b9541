"""What surrounds the face as a model sees it: an objective description of the peak frame."""

from typing import Literal

from schemas.exchange import Exchange
from schemas.maker import Maker
from schemas.units import Row


class Seen(Row):
    clip_id: str
    made_by: Maker
    description: str | None  # one to three sentences; None exactly where `missing` says why
    frames: tuple[int, ...]  # 0-based frames of the clip that were shown; empty: none was
    missing: Literal["no_engine", "no_peak", "not_seen"] | None
    flags: tuple[str, ...]  # "injection_suspected"
    asked: Exchange | None
    raw: str | None  # the model's whole answer
