"""Small media made on the spot. Every frame carries its number, so that a test can read it."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.stream import Disposition

FORMATS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".avi": "avi",
    ".flv": "flv",
}
CODECS = {  # of each container, as films in the wild have them
    ".mp4": ("libx264", "aac"),
    ".mov": ("libx264", "pcm_s16le"),
    ".mkv": ("libx264", "libopus"),
    ".webm": ("libvpx-vp9", "libopus"),
    ".avi": ("mpeg4", "pcm_s16le"),
    ".flv": ("libx264", "aac"),
}
LAYOUTS = {1: "mono", 2: "stereo"}
BITS = 8
CLICK = 0.6
WIDTH, HEIGHT = 16 * BITS, 64


@dataclass(frozen=True)
class Film:
    """What to make. Times of frames are `ticks` / `rate` where given, else evenly spaced."""

    frames: int = 25
    rate: int = 25
    ticks: Sequence[int] | None = None
    video: str | None = None  # encoder; None: the container's usual one
    audio: str | None = None
    picture: bool = True
    sound: bool = True
    sound_first: bool = False
    sound_from_s: float = 0.0
    sound_s: float | None = None
    click_s: float | None = None
    channels: int = 1
    rotate: float | None = None  # against the clock, as FFmpeg counts
    mirror: bool = False
    gop: int = 12
    b_frames: int = 2
    cover: bool = False
    twin: int | None = None  # a frame that has the time of the one before it
    sound_gap: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    pixels: tuple[int, int] | None = None  # shape of a pixel


def make_film(path: Path, film: Film | None = None) -> Path:
    film = film or Film()
    codecs = CODECS[path.suffix]
    with av.open(str(path), "w", format=FORMATS[path.suffix]) as out:
        cover = _add_cover(out) if film.cover else []
        sound = _add_sound(out, film, film.audio or codecs[1]) if film.sound_first else None
        picture = _add_picture(out, film, film.video or codecs[0]) if film.picture else None
        if film.sound and sound is None:
            sound = _add_sound(out, film, film.audio or codecs[1])
        packets = _picture_packets(picture, film) if picture is not None else []
        if sound is not None:
            packets += _sound_packets(sound, film)
        for packet in cover + sorted(packets, key=_seconds):
            out.mux(packet)
    return path


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """[H, W, 3]: bright and dark columns that spell the number; dark below."""
    picture = np.full((height, width, 3), 40, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[: height // 2, bit * width // BITS : (bit + 1) * width // BITS] = 220
    return picture


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    middles = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(middles) if picture[height // 4, x].mean() > 128)


def _add_picture(out, film: Film, codec: str):
    b_frames = film.b_frames if codec == "libx264" else 0
    options = {"bf": str(b_frames)} if codec in ("libx264", "mpeg4") else {}
    if codec == "libx264":
        options |= {"preset": "ultrafast", "sc_threshold": "0"}
    stream = out.add_stream(codec, rate=film.rate, options=options)
    stream.width, stream.height = film.size or (WIDTH, HEIGHT)
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = film.gop
    stream.codec_context.thread_count = 1
    if film.ticks is not None:
        stream.codec_context.time_base = Fraction(1, film.rate)
    if film.pixels is not None:
        stream.codec_context.sample_aspect_ratio = Fraction(*film.pixels)
    if film.rotate is not None:
        stream.set_display_rotation(film.rotate, hflip=film.mirror)
    return stream


def _picture_packets(stream, film: Film):
    packets, size = [], film.size or (WIDTH, HEIGHT)
    for number in range(film.frames):
        frame = av.VideoFrame.from_ndarray(numbered(number % 256, *size), "rgb24")
        frame.pts = number if film.ticks is None else film.ticks[number]
        frame.time_base = Fraction(1, film.rate)
        packets += stream.encode(frame)
    packets += stream.encode()
    if film.twin is not None:
        packets[film.twin].pts = packets[film.twin].dts = packets[film.twin - 1].pts
    return packets


def _add_sound(out, film: Film, codec: str):
    stream = out.add_stream(codec, rate=48_000)
    stream.layout = LAYOUTS[film.channels]
    return stream


def _sound_packets(stream, film: Film):
    """Silence with a click of 1 ms."""
    seconds = film.sound_s or film.frames / film.rate
    samples = np.zeros(round(seconds * 48_000), np.float32)
    if film.click_s is not None:
        at = round((film.click_s - film.sound_from_s) * 48_000)
        samples[at : at + 48] = CLICK
    rows = np.tile(samples, (film.channels, 1))
    layout = LAYOUTS[film.channels]
    frame = av.AudioFrame.from_ndarray(rows, format="fltp", layout=layout)
    frame.sample_rate, frame.pts = 48_000, round(film.sound_from_s * 48_000)
    frame.time_base = Fraction(1, 48_000)
    context = stream.codec_context
    resampler = AudioResampler(
        format=context.format.name, layout=layout, rate=48_000, frame_size=context.frame_size or 960
    )
    packets = []
    for part in resampler.resample(frame) + resampler.resample(None):
        packets += stream.encode(part)
    packets += stream.encode()
    lost = film.sound_gap or (0.0, 0.0)
    return [packet for packet in packets if not lost[0] <= _seconds(packet) < lost[1]]


def _add_cover(out):
    stream = out.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
    stream.disposition = Disposition.attached_pic
    return stream.encode(av.VideoFrame(32, 32, "yuvj420p")) + stream.encode()


def _seconds(packet) -> float:
    return float((packet.dts or 0) * packet.time_base)


def make_shots(path: Path, lengths: Sequence[int], gop: int = 250) -> Path:
    """Shots of so many frames at 25 a second: textures that drift slowly, unlike each other."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w", format=FORMATS[path.suffix]) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = gop
        for length in lengths:
            tiles = random.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
            scene = np.kron(tiles, np.ones((8, 8, 1), np.uint8))
            for shift in range(length):
                frame = av.VideoFrame.from_ndarray(np.roll(scene, shift // 10, axis=1), "rgb24")
                out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def make_two_sizes(path: Path) -> Path:
    """Ten frames of 128 x 64, then ten of 256 x 128 in the same track."""
    with av.open(str(path), "w", format="matroska") as out:
        track = out.add_stream("mjpeg", rate=25)
        track.width, track.height, track.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for number in range(20):
            scale = 1 + number // 10
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height = WIDTH * scale, HEIGHT * scale
            encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
            picture = numbered(number, WIDTH * scale, HEIGHT * scale)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in encoder.encode(frame) + encoder.encode():
                packet.stream = track
                out.mux(packet)
    return path


def damage(path: Path, start: float, end: float, *, every: int = 40) -> Path:
    """Flips bytes between two shares of the media data, as a bad disk does."""
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat") + 4
    length = struct.unpack(">I", data[first - 8 : first - 4])[0] - 8
    for at in range(first + round(start * length), first + round(end * length), every):
        data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def begin_later(path: Path, frames: int) -> Path:
    """Moves the edit list of the first track: so many frames are there but not to be shown."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 16  # version and flags, count, duration, then the media time
    scale_at = data.index(b"mdhd") + 16
    step = struct.unpack(">I", data[scale_at : scale_at + 4])[0] // 25
    time = struct.unpack(">i", data[at : at + 4])[0]
    data[at : at + 4] = struct.pack(">i", time + frames * step)
    path.write_bytes(data)
    return path


def refer_elsewhere(path: Path, target: Path) -> Path:
    """Makes the tracks of a mov whose `moov` comes last lie in another file (an `alis` record)."""
    data = path.read_bytes()
    moov = data.index(b"moov") - 4
    path.write_bytes(data[:moov] + _with_dref(data[moov:], str(target).encode()))
    return path


def _with_dref(box: bytes, target: bytes) -> bytes:
    kind, body = box[4:8], box[8:]
    if kind == b"dref":
        return _box(kind, struct.pack(">II", 0, 1) + _box(b"alis", _alias(target)))
    if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        body = b"".join(_with_dref(inner, target) for inner in _boxes(body))
    return _box(kind, body)


def _boxes(body: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 8 <= len(body):
        size = struct.unpack(">I", body[at : at + 4])[0]
        found.append(body[at : at + size])
        at += size
    return found


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _alias(target: bytes) -> bytes:
    """Version and flags, then a Macintosh alias record with the absolute path (type 2)."""
    name = b"\x04film".ljust(64, b"\0")
    head = bytes(4) + bytes(10) + b"\x04disk".ljust(28, b"\0") + bytes(12) + name
    tail = bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    padded = target + b"\0" * (len(target) % 2)
    return head + tail + struct.pack(">HH", 2, len(target)) + padded + struct.pack(">hH", -1, 0)
