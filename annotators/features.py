"""Rules of features that are no model's: which frames go in, and how outputs become one vector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.errors import AnnotationError
from schemas.face import FaceTrack

MOTION_FRAMES: Final = 16  # of VideoMAE (arXiv 2203.12602), and of MERR's temporal branch
FACE_PX: Final = 224  # side of an aligned face, as MAE and VideoMAE take it
AUDIO_POOLING: Final = "mean over time"
FACE_POOLING: Final = "mean over patches, then over faces"
MOTION_POOLING: Final = "mean over tokens"
ALL_FACES: Final = "every frame with an aligned face"
SIXTEEN: Final = "16 of the n frames with an aligned face: min(n-1, ((2i+1)*n)//32)"


@dataclass(frozen=True, eq=False)
class Encoded:
    """What an encoder says of one clip; numbers of 32 bits."""

    vector: NDArray[np.float32]  # [width]
    frames: NDArray[np.float32] | None = None  # [T, width] that the vector is the mean of
    grid: NDArray[np.float32] | None = None  # [patches, width]


Encode = Callable[[Sequence[NDArray[Any]]], list[Encoded]]
"""Clips in, one Encoded each, in order. Of a clip an encoder gets, by slot:
audio [N] float32 in -1..1 at 16 kHz; face [n, 224, 224, 3] and motion [16, 224, 224, 3] aligned
faces, image [H, W, 3]: uint8 RGB."""


def evenly(length: int, count: int) -> list[int]:
    """Indices of the middles of `count` equal parts of `length` things; repeats where there are
    fewer. Deterministic: MERR's authors drew frames at random inside their parts."""
    return [min(length - 1, ((2 * i + 1) * length) // (2 * count)) for i in range(count)]


def aligned_frames(track: FaceTrack) -> list[int]:
    """Frames whose face has all of its five landmarks."""
    points = track.landmarks_px
    return [
        index
        for index, found in enumerate(track.success)
        if found and None not in points[10 * index : 10 * index + 10]
    ]


def face_frames(track: FaceTrack, most: int | None) -> list[int]:
    found = aligned_frames(track)
    if most is None or len(found) <= most:
        return found
    return [found[i] for i in evenly(len(found), most)]


def motion_frames(track: FaceTrack) -> list[int]:
    """Sixteen, in order, some twice where fewer have a face; empty where none has."""
    found = aligned_frames(track)
    return [found[i] for i in evenly(len(found), MOTION_FRAMES)] if found else []


def mean_of(frames: NDArray[Any], *, keep: bool) -> Encoded:
    """[T, width] -> its mean over T; `keep`: with the frames. Raises AnnotationError as below."""
    return checked(
        Encoded(
            frames.astype(np.float64).mean(axis=0).astype(np.float32),
            frames.astype(np.float32) if keep else None,
        )
    )


def checked(encoded: Encoded) -> Encoded:
    """Raises AnnotationError for what is no number or what 16 bits do not hold."""
    limit = float(np.finfo(np.float16).max)
    for name in ("vector", "frames", "grid"):
        values = getattr(encoded, name)
        if values is not None and not (np.abs(values) <= limit).all():
            raise AnnotationError(
                f"its encoder gave a {name} with NaN or beyond {limit:.0f}; "
                "set features.precision = float32"
            )
    return encoded
