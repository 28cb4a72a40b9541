"""How the whole picture looks: light, colour and movement, measured while its frames stream by."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import FrameBatch
from schemas.errors import ClipError
from schemas.maker import Maker
from schemas.scene import Look

VERSION: Final = "1"

_CELLS: Final = 48  # along the shorter side of the grid; noise of single pixels averages out
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709, gamma-coded RGB
_CUT: Final = 0.12  # a larger mean change from one frame to the next is a cut, not movement


class LookListener:
    """Keeps sums and one small grid, whatever the length and size of the clip."""

    def __init__(self, clip_id: str) -> None:
        self._clip_id = clip_id
        self._frames = 0
        self._luma = 0.0  # sums over frames of means over the picture
        self._luma_squared = 0.0
        self._chroma = 0.0
        self._brightest = 0.0
        self._steps = 0
        self._change = 0.0
        self._last: NDArray[np.float32] | None = None

    def feed(self, batch: FrameBatch) -> None:
        for frame in batch.frames:
            self._see(_grid(frame))

    def finish(self) -> Look:
        """Raises ClipError when no frame came."""
        if not self._frames:
            raise ClipError(f"{self._clip_id}: no frame was decoded, so nothing can be measured")
        mean = self._luma / self._frames
        variance = max(0.0, self._luma_squared / self._frames - mean**2)
        return Look(
            clip_id=self._clip_id,
            made_by=Maker(engine="look", version=VERSION),
            frames=self._frames,
            luma_mean=min(1.0, mean),
            luma_sd=min(1.0, variance**0.5),
            saturation_mean=self._chroma / self._brightest if self._brightest else 0.0,
            motion=self._change / self._steps if self._steps else None,
        )

    def _see(self, grid: NDArray[np.float32]) -> None:
        luma = grid @ _LUMA
        red, green, blue = (grid[..., colour] for colour in range(3))
        highest = np.maximum(np.maximum(red, green), blue)
        lowest = np.minimum(np.minimum(red, green), blue)
        self._frames += 1
        self._luma += float(luma.mean(dtype=np.float64))
        self._luma_squared += float(np.square(luma, dtype=np.float64).mean())
        # HSV saturation is (max - min) / max; as a ratio of sums, dark noise has no say.
        self._chroma += float((highest - lowest).mean(dtype=np.float64))
        self._brightest += float(highest.mean(dtype=np.float64))
        self._compare(luma)

    def _compare(self, luma: NDArray[np.float32]) -> None:
        if self._last is not None and self._last.shape == luma.shape:
            change = float(np.abs(luma - self._last).mean(dtype=np.float64))
            if change <= _CUT:
                self._change += change
                self._steps += 1
        self._last = luma


def _grid(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[H, W, 3] uint8 -> [h, w, 3] means of cells, 0-1; the shorter side has at most 48 cells."""
    import cv2

    small = frame
    while min(small.shape[:2]) >= 2 * _CELLS:  # halving is a mean of 2x2, and by far the fastest
        half = (small.shape[1] // 2, small.shape[0] // 2)
        small = cv2.resize(small, half, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    scale = min(1.0, _CELLS / min(small.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in small.shape[:2])
    cells = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
    return cells.astype(np.float32) / np.float32(255)
