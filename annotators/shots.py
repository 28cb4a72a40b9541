"""Cuts inside a clip, frame by frame."""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRID: Final = 36  # rows of the small picture that is compared
LEAST_CHANGE: Final = 4.0  # mean change of brightness (0-255) below which nothing is a cut
LEAST_NOVELTY: Final = 0.2  # 1 - correlation of the two small pictures
ABOVE_USUAL: Final = 6.0  # times the median novelty of the frames before: fast motion is no cut
MEMORY: Final = 8  # frames
SHORTEST: Final = 4  # frames of a shot: the end of a flash is not another cut


class ShotDetector:
    """Says of every frame whether a new shot starts with it; feed all frames in order.

    Compares the pattern of light, so a change of exposure or a slow dissolve is no cut.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._usual: deque[float] = deque(maxlen=MEMORY)
        self._length = 0

    def see(self, frame: NDArray[np.uint8]) -> bool:
        """Whether this frame, [H, W, 3], starts a new shot; the first of a clip does."""
        small, last = small_grey(frame), self._last
        self._last = small
        self._length += 1
        if last is None:
            return True
        new = novelty(last, small)
        if self._is_cut(new) and float(np.abs(small - last).mean()) >= LEAST_CHANGE:
            self._usual.clear()
            self._length = 0
            return True
        self._usual.append(new)
        return False

    def _is_cut(self, new: float) -> bool:
        usual = float(np.median(self._usual)) if self._usual else 0.0
        return new >= max(LEAST_NOVELTY, ABOVE_USUAL * usual) and self._length >= SHORTEST


def small_grey(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """About [36, W * 36 / H]: the mean of four samples and three colours per cell, 0-255."""
    step = max(1, frame.shape[0] // GRID)
    half = step // 2
    height, width = (frame.shape[0] - half) // step, (frame.shape[1] - half) // step
    total = np.zeros((height, width), np.float32)
    for down in (0, half):
        for right in (0, half):
            for colour in range(3):
                total += frame[down::step, right::step, colour][:height, :width]
    return (total / 12).astype(np.float32)


def novelty(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """1 - correlation of two small pictures: 0 the same pattern, 1 nothing in common."""
    a, b = before - before.mean(), after - after.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    flat = float(np.abs(a).mean()) < 1 and float(np.abs(b).mean()) < 1
    if size == 0:
        return 0.0 if flat else 1.0
    return 0.0 if flat else 1 - float((a * b).sum()) / size
