"""What annotators listen to: frames in small batches and the sound of one clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from annotators.small import Small, shrink
from schemas.units import Row

AUDIO_HZ: Final = 16_000

A_co = TypeVar("A_co", bound=Row, covariant=True)


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """A few neighbouring frames of a clip, in presentation order."""

    index: int  # of the first frame, 0-based in the clip
    t_s: NDArray[np.float64]  # [N] presentation time from the start of the clip
    frames: Sequence[NDArray[np.uint8]]  # N times [H, W, 3] RGB, as shown (rotation applied)

    @cached_property
    def small(self) -> tuple[Small, ...]:
        """The same frames in small, made once for all who listen."""
        return tuple(Small(shrink(frame)) for frame in self.frames)


@dataclass(frozen=True, eq=False)
class Sound:
    """The sound of one clip: mono, 16 kHz."""

    samples: NDArray[np.float32]  # [N] in -1..1
    start_s: float = 0.0  # of the first sample, from the start of the clip

    @property
    def duration_s(self) -> float:
        return len(self.samples) / AUDIO_HZ


class FrameListener(Protocol[A_co]):
    """Hears every frame of one clip once, in order, then gives one annotation.

    Keeps numbers, never frames: memory must not grow with the length or size of a clip.
    Raises ClipError when this clip cannot be annotated, and never returns a placeholder.
    """

    def feed(self, batch: FrameBatch) -> None: ...

    def finish(self) -> A_co: ...
