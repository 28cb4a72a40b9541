"""Frames of a clip as a file that any OpenCV reads, without loss, for engines outside of us.

AVI, every frame by itself, bit for bit what was given. Short clips are raw: of the open test clips,
640x360, 1,200 frames per CPU second are written and 1,200 read. What would be large so is HuffYUV,
a third of its size and the cheapest of the lossless codecs here (480 and 280; FFV1 85 and 96).
"""

import errno
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ClipError, MerrError, SetupError, TransientError

# Real times are ours: engines count frames, and what they would say of time is not read.
FPS: Final = 25
_MOST_RAW: Final = 256 << 20  # bytes; of as many files as there are workers
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PLACE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR})


class FrameFile:
    """A file being written, one frame at a time; memory does not grow with its length. `seconds`:
    how long what is written may get, by which the codec is chosen.

    Others listen to the same frames, so a file that cannot be written stops none of them: what
    kept it from being whole is told when it is wanted. Only what stops every clip, a disk without
    room or a folder that cannot be written, is told at once, as SetupError.
    """

    def __init__(self, path: Path, *, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self.frames = 0
        self._broken: ClipError | TransientError | None = None
        self._container: Any = None
        self._stream: Any = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        """[H, W, 3] RGB, all of one size."""
        self._kept(lambda: self._write(frame, self.frames))
        self.frames += 1

    def _write(self, frame: NDArray[np.uint8], number: int) -> None:
        import cv2
        from av.video.frame import VideoFrame

        if self._container is None:
            self._open(*frame.shape[:2])
        pixels: Any = np.ascontiguousarray(frame)
        if self._stream.pix_fmt == "bgr24":
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        picture = VideoFrame.from_ndarray(pixels, format=self._stream.pix_fmt)
        picture.pts = number
        for packet in self._stream.encode(picture):
            self._container.mux(packet)

    def close(self) -> None:
        """Write what is left; nothing can be added afterwards."""
        if self._container is not None:
            self._kept(self._finish)
            self._container = None

    def _finish(self) -> None:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()

    def whole(self) -> Path:
        """Where it is, closed. ClipError where these frames cannot be written, TransientError where
        the disk did not do its work."""
        self.close()
        if self._broken is not None:
            raise self._broken
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _kept(self, work: Callable[[], None]) -> None:
        """Does it, unless something went wrong before; what goes wrong is kept."""
        from av.error import FFmpegError

        if self._broken is not None:
            return
        try:
            work()
        except (FFmpegError, OSError) as e:
            told = _told(e, e.errno)
            if not isinstance(told, ClipError | TransientError):
                raise told from e
            self._broken = told

    def _open(self, height: int, width: int) -> None:
        import av

        raw = self._seconds * FPS * height * width * 3 <= _MOST_RAW
        self._container = av.open(str(self._path), "w", format="avi")
        self._stream = self._container.add_stream("rawvideo" if raw else "huffyuv", rate=FPS)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "bgr24" if raw else "rgb24"  # as AVI has them
        self._stream.thread_count = 1


def _told(error: Exception, number: int | None) -> MerrError:
    if number in _NO_ROOM:
        return SetupError("no room in the work folder for the frames of a clip; make room")
    if number in _NO_PLACE:
        return SetupError(f"the frames of a clip cannot be written into the work folder: {error}")
    told = f"the frames of the clip could not be written for its engine: {error}"
    # FFmpeg has numbers of its own for frames that it does not take.
    of_disk = number in errno.errorcode and number != errno.EINVAL
    return TransientError(told) if of_disk else ClipError(told)
