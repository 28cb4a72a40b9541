"""What an encoder says of one clip: one row per clip and slot, one vector, maybe one per frame."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, get_args

import numpy as np
from pydantic import AfterValidator

from schemas.maker import Maker
from schemas.units import Row, Storage

Slot = Literal["face", "motion", "audio", "image"]
SLOTS: Final[tuple[Slot, ...]] = get_args(Slot)  # the order of Emotion-LLaMA's feature tokens


def to_half(values: Iterable[float]) -> tuple[float, ...]:
    """Rounded to what 16 bits hold, so that Parquet gives them back. ValueError beyond 65504."""
    with np.errstate(over="ignore"):
        halves = np.asarray(tuple(values), np.float64).astype(np.float16)
    if not np.isfinite(halves).all():
        raise ValueError("a value is beyond 65504, the largest that 16 bits hold")
    return tuple(halves.tolist())


_Half = Annotated[float, Storage("float16")]
Vector = Annotated[tuple[_Half, ...], AfterValidator(to_half)]


class FeatureSet(Row):
    """One clip in one slot. A clip whose modality is missing has no row, never a row of zeros.

    What is None of an encoder that is a model is not known: the row was imported.
    """

    clip_id: str
    slot: Slot  # face: faces one by one, motion: faces in time, audio: sound, image: whole picture
    encoder: str  # id on the hub or name of the folder; of imported rows the name of their folder
    weights: str | None  # sha256 of configuration and weights; None: no weights, or not known
    layer: str | None  # which output of the encoder
    pooling: str | None  # how many outputs became one vector
    sampling: str | None  # which frames or samples went in, in words
    made_by: Maker
    vector: Vector  # [width] of the utterance
    frames: tuple[Vector, ...] | None = None  # [T, width] before pooling, where it was asked for
