"""Frames of a clip as a file that any OpenCV reads, without loss, for engines outside of us.

HuffYUV in AVI: every frame by itself, about a third of its raw size, bit for bit what was given;
the cheapest of the lossless codecs here (the open test clips, 640x360: 480 frames per CPU second
to write, 240 to read; FFV1 85 and 96).
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ClipError, SetupError

# Real times are ours: engines count frames, and what they would say of time is not read.
FPS: Final = 25
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FrameFile:
    """A file being written, one frame at a time; memory does not grow with its length."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self._container: Any = None
        self._stream: Any = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        """[H, W, 3] RGB, all of one size. SetupError where the disk is full."""
        from av.video.frame import VideoFrame

        picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts = self.frames
        with _translated():
            if self._container is None:
                self._open(*frame.shape[:2])
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        self.frames += 1

    def close(self) -> None:
        """Write what is left; the file is whole afterwards."""
        container, self._container = self._container, None
        if container is None:
            return
        with _translated():
            for packet in self._stream.encode(None):
                container.mux(packet)
            container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, height: int, width: int) -> None:
        import av

        self._container = av.open(str(self.path), "w", format="avi")
        self._stream = self._container.add_stream("huffyuv", rate=FPS)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "rgb24"
        self._stream.thread_count = 1


@contextmanager
def _translated() -> Iterator[None]:
    from av.error import FFmpegError

    try:
        yield
    except (FFmpegError, OSError) as e:
        if e.errno in _NO_ROOM:
            raise SetupError(
                "no room in the work folder for the frames of a clip; make room"
            ) from e
        raise ClipError(f"the frames of the clip cannot be written for its engine: {e}") from e
