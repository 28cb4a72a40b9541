"""A picture in small, for those who look at the whole of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROWS: Final = 32  # cells along the shorter side
_LUMA: Final = np.array([[0.2126, 0.7152, 0.0722]])  # ITU-R BT.709, of gamma-coded RGB


@dataclass(frozen=True, eq=False)
class Small:
    cells: NDArray[np.uint8]  # [h, w, 3]

    @cached_property
    def luma(self) -> NDArray[np.float32]:
        """[h, w], 0-255."""
        import cv2  # several times as fast as numpy on pictures

        return np.asarray(cv2.transform(self.cells.astype(np.float32), _LUMA), np.float32)


def shrink(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[H, W, 3] -> [h, w, 3] with a shorter side of 32 cells, or as it is where it is no larger."""
    scale = ROWS / min(frame.shape[:2])
    if scale >= 1:
        return frame
    height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
    return resized(frame, height=height, width=width)


def resized(frame: NDArray[np.uint8], *, height: int, width: int) -> NDArray[np.uint8]:
    """[H, W, 3] -> [height, width, 3], in proportion.

    A cell is the mean of four places in it, each read between four pixels: one pass over a part
    of the pixels, at a sixth of the cost of a mean over all of them. Noise of single pixels is
    halved twice.
    """
    import cv2

    places = cv2.resize(frame, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    cells = cv2.resize(places, (width, height), interpolation=cv2.INTER_AREA)
    return cells.astype(np.uint8, copy=False)
