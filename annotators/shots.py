"""Cuts inside a clip, frame by frame."""

import math
import statistics
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.small import Small

LEAST_CHANGE: Final = 4.0  # mean change of brightness (0-255) below which nothing is a cut
LEAST_NOVELTY: Final = 0.2  # 1 - correlation of the two small pictures
ABOVE_USUAL: Final = 6.0  # times the median novelty of the frames before: fast motion is no cut
MEMORY: Final = 8  # frames
SHORTEST: Final = 4  # frames of a shot: the end of a flash is not another cut


@dataclass(frozen=True, eq=False)
class Pattern:
    """A small picture with what comparing it needs: each is compared twice, and measured once."""

    picture: NDArray[np.float32]

    @cached_property
    def centred(self) -> NDArray[np.float32]:
        """[h * w]"""
        flat = self.picture.ravel()
        return np.asarray(flat - flat.sum() / flat.size, np.float32)

    @cached_property
    def size(self) -> float:
        return math.sqrt(float(self.centred @ self.centred))

    @property
    def is_flat(self) -> bool:
        """Nothing in it stands out by a level of brightness."""
        return self.size < math.sqrt(self.picture.size)


class ShotDetector:
    """Says of every frame whether a new shot starts with it; feed all frames in order.

    Compares the pattern of light, so a change of exposure or a slow dissolve is no cut.
    """

    def __init__(self) -> None:
        self._last: Pattern | None = None
        self._usual: deque[float] = deque(maxlen=MEMORY)
        self._length = 0

    def see(self, frame: Small) -> bool:
        """Whether a new shot starts with this frame; the first of a clip does."""
        small, last = Pattern(frame.luma), self._last
        self._last = small
        self._length += 1
        if last is None:
            return True
        new = novelty(last, small)
        if self._is_cut(new) and _change(last, small) >= LEAST_CHANGE:
            self._usual.clear()
            self._length = 0
            return True
        self._usual.append(new)
        return False

    def _is_cut(self, new: float) -> bool:
        usual = statistics.median(self._usual) if self._usual else 0.0
        return new >= max(LEAST_NOVELTY, ABOVE_USUAL * usual) and self._length >= SHORTEST


def novelty(before: Pattern, after: Pattern) -> float:
    """1 - correlation of two small pictures: 0 the same pattern, 1 nothing in common."""
    if before.is_flat and after.is_flat:
        return 0.0
    size = before.size * after.size
    return 1 - float(before.centred @ after.centred) / size if size else 1.0


def _change(before: Pattern, after: Pattern) -> float:
    """Mean change of brightness, 0-255."""
    return float(np.abs(after.picture - before.picture).mean())
