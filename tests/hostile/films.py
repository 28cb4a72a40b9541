"""Films with a face in them, laid out as a test wants them: pictures of the demo, encoded anew."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.conftest import DEMO
from tests.pipeline.media_files import FORMATS

Picture = NDArray[np.uint8]  # [H, W, 3] RGB
WIDTH, HEIGHT = 640, 360


@cache
def pictures_of(name: str) -> tuple[Picture, ...]:
    """The frames of a demo clip, 640 x 360: one face in the middle, which moves."""
    with av.open(str(DEMO / f"{name}.mp4")) as film:
        return tuple(frame.to_ndarray(format="rgb24") for frame in film.decode(video=0))


def encode(
    path: Path,
    pictures: Sequence[Picture],
    *,
    rate: int = 25,
    ticks: Sequence[int] | None = None,
    rotate: float | None = None,
    gop: int = 12,
    crf: int = 18,
) -> Path:
    """H.264 without sound. Picture i is shown at `ticks[i]` / `rate`, without ticks at i / rate;
    `rotate`: degrees against the clock that a player has to turn it, as FFmpeg counts."""
    with av.open(str(path), "w", format=FORMATS[path.suffix]) as out:
        options = {"preset": "ultrafast", "crf": str(crf), "bf": "0", "sc_threshold": "0"}
        stream = out.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1
        if ticks is not None:
            stream.codec_context.time_base = Fraction(1, rate)
        if rotate is not None:
            stream.set_display_rotation(rotate)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts = number if ticks is None else ticks[number]
            frame.time_base = Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def pushed_right(picture: Picture, by_px: int) -> Picture:
    """What leaves on the right is gone; on the left comes what is at the left edge."""
    by_px = min(by_px, WIDTH)
    edge = np.repeat(picture[:, :1], by_px, axis=1)
    return np.concatenate([edge, picture[:, : WIDTH - by_px]], axis=1)


def side_by_side(large: Picture, small: Picture, *, share: float, large_left: bool) -> Picture:
    """Two people in one picture; the face of one has `share` of the other's width."""
    wide, high = round(WIDTH // 2 * share), round(HEIGHT * share)
    middle = slice(WIDTH // 4, 3 * WIDTH // 4)
    other = cv2.resize(small[:, middle], (wide, high), interpolation=cv2.INTER_AREA)
    half = np.full((HEIGHT, WIDTH // 2, 3), 90, np.uint8)
    half[:high, :wide] = other
    halves = [large[:, middle], half]
    return np.concatenate(halves if large_left else halves[::-1], axis=1)


def enlarged(picture: Picture, width: int, height: int) -> Picture:
    made = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    return made.astype(np.uint8, copy=False)


def another_of(data: bytes, number: int) -> bytes:
    """The same mp4 with other bytes: a `free` box at its end. Films of equal bytes are one."""
    return data + struct.pack(">I4sI", 12, b"free", number)


def patched(data: bytes, box: bytes, at: int, value: int) -> bytes:
    """Another big-endian 32-bit number `at` bytes behind the start of the first box's name."""
    place = data.index(box) + at
    return data[:place] + struct.pack(">I", value & 0xFFFFFFFF) + data[place + 4 :]


def retimed(source: Path, path: Path, times_ms: Sequence[int]) -> Path:
    """The same pictures at other times, written as Matroska, which takes any."""
    with av.open(str(source)) as film, av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        packets = [packet for packet in film.demux(video=0) if packet.size]
        for packet, time_ms in zip(packets, times_ms, strict=True):
            packet.pts = packet.dts = time_ms
            packet.duration = 40
            packet.time_base = Fraction(1, 1000)
            packet.stream = stream
            out.mux(packet)
    return path
