"""How the whole picture looks: light, colour and movement, measured while its frames stream by."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import FrameBatch
from annotators.small import Small
from schemas.errors import ClipError
from schemas.maker import Maker
from schemas.scene import Look

VERSION: Final = "2"

_WHITE: Final = 255.0
_LIGHT_EVERY: Final = 4  # frames: light and colour change slowly
_CUT: Final = 0.12  # a larger mean change from one frame to the next is a cut, not movement


class LookListener:
    """Keeps sums and one small grid, whatever the length and size of the clip."""

    def __init__(self, clip_id: str) -> None:
        self._clip_id = clip_id
        self._frames = 0
        self._measured = 0  # frames whose light was measured
        self._luma = 0.0  # sums over these frames of means over the picture, 0-255
        self._luma_squared = 0.0
        self._chroma = 0.0
        self._brightest = 0.0
        self._steps = 0
        self._change = 0.0
        self._last: NDArray[np.float32] | None = None

    def feed(self, batch: FrameBatch) -> None:
        for small in batch.small:
            self._see(small)

    def finish(self) -> Look:
        """Raises ClipError when no frame came."""
        if not self._frames:
            raise ClipError(f"{self._clip_id}: no frame was decoded, so nothing can be measured")
        mean = self._luma / self._measured
        variance = max(0.0, self._luma_squared / self._measured - mean**2)
        return Look(
            clip_id=self._clip_id,
            made_by=Maker(engine="look", version=VERSION),
            frames=self._frames,
            luma_mean=min(1.0, mean / _WHITE),
            luma_sd=min(1.0, variance**0.5 / _WHITE),
            saturation_mean=self._chroma / self._brightest if self._brightest else 0.0,
            motion=self._change / self._steps if self._steps else None,
        )

    def _see(self, small: Small) -> None:
        if self._frames % _LIGHT_EVERY == 0:
            self._measure_light(small)
        self._frames += 1
        self._compare(_halved(small.luma))

    def _measure_light(self, small: Small) -> None:
        import cv2  # several times as fast as numpy on arrays this small

        ((mean,),), ((sd,),) = cv2.meanStdDev(small.luma)
        red, green, blue = cv2.split(small.cells)
        highest = cv2.mean(cv2.max(cv2.max(red, green), blue))[0]
        lowest = cv2.mean(cv2.min(cv2.min(red, green), blue))[0]
        self._measured += 1
        self._luma += float(mean)
        self._luma_squared += float(sd**2 + mean**2)
        # HSV saturation is (max - min) / max; as a ratio of sums, dark noise has no say.
        self._chroma += highest - lowest
        self._brightest += highest

    def _compare(self, luma: NDArray[np.float32]) -> None:
        import cv2

        if self._last is not None and self._last.shape == luma.shape:
            change = cv2.norm(luma, self._last, cv2.NORM_L1) / luma.size / _WHITE
            if change <= _CUT:
                self._change += change
                self._steps += 1
        self._last = luma


def _halved(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2 x 2 cells: what is left of the noise of pixels is no movement."""
    import cv2

    size = (max(1, luma.shape[1] // 2), max(1, luma.shape[0] // 2))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
