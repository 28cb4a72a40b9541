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
_WHITE: Final = 255.0
_LUMA: Final = np.array([[0.2126, 0.7152, 0.0722]]) / _WHITE  # ITU-R BT.709, gamma-coded RGB
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
            self._see(_cells(frame))

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

    def _see(self, cells: NDArray[np.uint8]) -> None:
        import cv2  # several times as fast as numpy on arrays this small

        luma = cv2.transform(cells.astype(np.float32), _LUMA)
        ((mean,),), ((sd,),) = cv2.meanStdDev(luma)
        red, green, blue = cv2.split(cells)
        highest = cv2.mean(cv2.max(cv2.max(red, green), blue))[0] / _WHITE
        lowest = cv2.mean(cv2.min(cv2.min(red, green), blue))[0] / _WHITE
        self._frames += 1
        self._luma += float(mean)
        self._luma_squared += float(sd**2 + mean**2)
        # HSV saturation is (max - min) / max; as a ratio of sums, dark noise has no say.
        self._chroma += highest - lowest
        self._brightest += highest
        self._compare(np.asarray(luma, np.float32))

    def _compare(self, luma: NDArray[np.float32]) -> None:
        import cv2

        if self._last is not None and self._last.shape == luma.shape:
            change = cv2.norm(luma, self._last, cv2.NORM_L1) / luma.size
            if change <= _CUT:
                self._change += change
                self._steps += 1
        self._last = luma


def _cells(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[H, W, 3] -> [h, w, 3] means of cells; the shorter side has at most 48 cells."""
    import cv2

    small = frame
    while min(small.shape[:2]) >= 2 * _CELLS:  # halving is a mean of 2x2, and by far the fastest
        half = (small.shape[1] // 2, small.shape[0] // 2)
        small = cv2.resize(small, half, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    scale = min(1.0, _CELLS / min(small.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in small.shape[:2])
    cells = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
    return cells.astype(np.uint8, copy=False)
