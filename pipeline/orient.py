"""Decoded pictures as they are shown: turned, mirrored, stretched, in RGB and of one size."""

from dataclasses import dataclass
from typing import Final

import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from schemas.errors import DecodeError

_MATRIX_BYTES: Final = 36  # nine 32-bit numbers
_SQUARE: Final = 0.01  # pixels this close to square are square
_STRETCH: Final = (0.2, 5.0)  # pixel shapes outside are nonsense in a header


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to lay down a picture: axes swapped or not, then each one flipped."""

    swapped: bool = False
    flipped_x: bool = False
    flipped_y: bool = False

    @property
    def rotation_deg(self) -> int:
        """Clockwise 0, 90, 180 or 270; of a mirrored picture, the turn after left and right were
        exchanged."""
        if self.swapped:
            return 270 if self.flipped_y else 90
        return 180 if self.flipped_y else 0

    def turn(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """[H, W, 3] -> a view as shown, [W, H, 3] where the axes are swapped."""
        if self.swapped:
            picture = picture.transpose(1, 0, 2)
        return picture[:: -1 if self.flipped_y else 1, :: -1 if self.flipped_x else 1]


def orientation_of(frame: VideoFrame) -> Orientation:
    """From the display matrix of the container, or of EXIF in a JPEG; upright without one.

    FFmpeg's matrix (a b u, c d v, x y w) puts the pixel (p, q) at (a p + c q, b p + d q).
    """
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV 18 does not know every kind of side data, e.g. EXIF
        return _turned(round(frame.rotation / 90) % 4)
    raw = b"" if data is None else bytes(data)  # type: ignore[call-overload]
    if len(raw) != _MATRIX_BYTES:
        return Orientation()
    a, b, _, c, d = (int(number) for number in np.frombuffer(raw, np.int32)[:5])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swapped=True, flipped_x=c < 0, flipped_y=b < 0)
    return Orientation(flipped_x=a < 0, flipped_y=d < 0)


def _turned(quarters: int) -> Orientation:
    """By quarter turns against the clock."""
    return Orientation(
        swapped=quarters in (1, 3), flipped_x=quarters in (2, 3), flipped_y=quarters in (1, 2)
    )


class Pictures:
    """Makes RGB pictures of one size from the frames of one stream, the first of which decides."""

    def __init__(self, first: VideoFrame, stream: VideoStream) -> None:
        self.orientation = orientation_of(first)
        self._width = _shown_width(first.width, stream)
        self._height = first.height
        self._reformatter = VideoReformatter()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width as shown."""
        if self.orientation.swapped:
            return self._width, self._height
        return self._height, self._width

    def rgb(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """[H, W, 3] as shown; may be a view into a buffer of its own. Raises DecodeError."""
        try:
            shown = self._reformatter.reformat(
                frame, self._width, self._height, format="rgb24", threads=1
            )
        except (av.error.FFmpegError, ValueError) as e:
            raise DecodeError(
                f"has pictures ({frame.format.name}) that do not turn into RGB: {e}; convert it"
            ) from e
        return self.orientation.turn(np.asarray(shown.to_ndarray(), np.uint8))


def _shown_width(width: int, stream: VideoStream) -> int:
    """Old films have pixels that are not square; faces must not come out wide or narrow."""
    ratio = float(stream.sample_aspect_ratio or 1)
    if abs(ratio - 1) < _SQUARE or not _STRETCH[0] <= ratio <= _STRETCH[1]:
        return width
    return max(1, round(width * ratio))
