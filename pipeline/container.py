"""Opens hostile media: one demuxer, no protocol, known decoders, limits.

FFmpeg gets a Python file object and a demuxer that we chose from the first bytes. It knows no
file name, may open no other file (`_refuse` is the only opener it has), and may use only the
decoders listed here. A file that hangs or crashes a decoder is left to the worker's deadline.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import Field

from pipeline.sniff import SNIFF_BYTES, demuxer_of, what_is_wrong
from schemas.errors import DecodeError
from schemas.units import Row, Seconds

if TYPE_CHECKING:  # av is loaded in workers only; the command line imports the limits
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

MICRO: Final = 1_000_000

# Decoders of what cameras, phones, films and the web use; FFmpeg has 300 more, mostly of games of
# the nineties, and its vulnerabilities live there.
VIDEO_DECODERS: Final = (
    "h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "mpeg1video",
    "mpeg2video", "mjpeg", "h263", "flv", "vp6", "vp6f", "msmpeg4v1", "msmpeg4v2", "msmpeg4",
    "wmv1", "wmv2", "wmv3", "vc1", "theora", "prores", "dnxhd", "dvvideo", "ffv1", "huffyuv",
    "ffvhuff", "utvideo", "rawvideo", "qtrle", "svq1", "svq3", "png", "webp", "bmp",
)  # fmt: skip
AUDIO_DECODERS: Final = (
    "aac", "mp3float", "mp3", "mp2float", "mp2", "ac3", "eac3", "dca", "opus", "libopus", "vorbis",
    "flac", "alac", "wmav1", "wmav2", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb",
    "speex", "nellymoser", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "gsm_ms",
    "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le",
    "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be",
)  # fmt: skip
_AUDIO_HZ: Final = (4_000, 384_000)  # rates outside are no recording of a voice
_LEAD_US: Final = 250_000  # a picture this little after the sound still starts the video
_READ_BYTES: Final = 256 * 1024


class MediaLimits(Row):
    """What a file may ask of us before it is refused."""

    max_pixels: int = Field(
        default=8192 * 8192, ge=1, description="largest width x height of a picture, in pixels"
    )
    max_duration_s: Seconds = Field(
        default=6 * 3600.0, description="longest video, in seconds; split longer ones first"
    )
    min_fps: float = Field(
        default=0.1, gt=0, description="lowest average frame rate, in frames per second"
    )
    max_fps: float = Field(
        default=1000.0, gt=0, description="highest frame rate, in frames per second"
    )


DEFAULT_LIMITS: Final = MediaLimits()


@dataclass(frozen=True, eq=False)
class Media:
    """An open file: its picture track, its sound track, and where its time starts."""

    container: "InputContainer"
    demuxer: str  # "mov", "matroska", "avi", "flv", or "<kind>_pipe" for a still
    video: "VideoStream"
    audio: "AudioStream | None"  # None: no sound track that we can decode
    zero_us: int  # of the video, on the clock of the container
    refused_sound: str | None  # why a sound track that exists is not in `audio`

    @property
    def still(self) -> bool:
        return self.demuxer.endswith("_pipe")

    @property
    def used(self) -> "tuple[Stream, ...]":
        return (self.video,) if self.audio is None else (self.video, self.audio)


@contextmanager
def open_media(path: Path, *, limits: MediaLimits = DEFAULT_LIMITS) -> Iterator[Media]:
    """Raises DecodeError, without the path, when the file is not media that we take."""
    with _open_bytes(path) as handle:
        head = handle.read(SNIFF_BYTES)
        demuxer = demuxer_of(head)
        if demuxer is None:
            raise DecodeError(what_is_wrong(head))
        with _open_container(handle, demuxer, limits) as container:
            yield _media(container, demuxer, limits)


def _open_bytes(path: Path) -> io.FileIO:
    try:
        return io.FileIO(path, "rb")  # unbuffered: FFmpeg has a buffer of its own
    except OSError as e:
        raise DecodeError(f"cannot be read: {e.strerror}; check that it is still there") from e


def _open_container(handle: io.FileIO, demuxer: str, limits: MediaLimits) -> "InputContainer":
    import av
    import av.error

    handle.seek(0)
    nameless = SimpleNamespace(read=handle.read, seek=handle.seek, tell=handle.tell)
    try:
        return av.open(
            nameless,
            mode="r",
            format=demuxer,
            options={"threads": "1", "max_pixels": str(limits.max_pixels)},
            container_options=_container_options(demuxer),
            metadata_errors="replace",
            buffer_size=_READ_BYTES,
            io_open=_refuse,
        )
    except (av.error.FFmpegError, OSError, ValueError) as e:
        raise DecodeError(_why_not_open(handle, demuxer, e)) from e


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """FFmpeg's only way to open anything else."""
    raise PermissionError("media may not refer to other files")


def _container_options(demuxer: str) -> dict[str, str]:
    options = {
        "format_whitelist": demuxer,
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(VIDEO_DECODERS + AUDIO_DECODERS),
        "max_streams": "64",
    }
    if demuxer == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return options


def _why_not_open(handle: io.FileIO, demuxer: str, error: Exception) -> str:
    if demuxer == "mov" and b"moov" not in _top_boxes(handle):
        size = handle.seek(0, io.SEEK_END)
        return (
            f"is an mp4 or mov file of {size} bytes without its index (moov): it was cut off or "
            "not finished; get it again"
        )
    text = getattr(error, "strerror", None) or type(error).__name__
    return f"cannot be opened as {demuxer.removesuffix('_pipe')}: {text}; get it again or convert"


def _top_boxes(handle: io.FileIO, most: int = 1000) -> list[bytes]:
    """Types of the boxes an ISO base media file consists of, as far as they are whole."""
    end, at, found = handle.seek(0, io.SEEK_END), 0, list[bytes]()
    while at + 8 <= end and len(found) < most:
        handle.seek(at)
        header = handle.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:
            return [*found, header[4:8]]
        found.append(header[4:8])
        at += size
    return found


def _media(container: "InputContainer", demuxer: str, limits: MediaLimits) -> Media:
    import av.stream

    video = _first_video(container)
    _check_picture(video, demuxer, limits)
    audio, refused = _first_audio(container)
    for stream in container.streams:
        if stream not in (video, audio):
            stream.discard = av.stream.Discard.all
    for used in (video, audio):
        if used is not None:
            used.codec_context.thread_count = 1
            used.codec_context.options = {"max_pixels": str(limits.max_pixels)}
    return Media(container, demuxer, video, audio, _zero_us(video, audio), refused)


def _first_video(container: "InputContainer") -> "VideoStream":
    import av.stream

    covers = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    films = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not films:
        sound = "sound but no picture" if container.streams.audio else "no picture"
        raise DecodeError(f"holds {sound}; expected a video track; leave the file out")
    return films[0]


def _check_picture(video: "VideoStream", demuxer: str, limits: MediaLimits) -> None:
    name = _decoder(video)
    if name not in VIDEO_DECODERS:
        raise DecodeError(
            f"has pictures coded as {name or 'nobody knows what'}, which is not decoded here; "
            "convert it to H.264"
        )
    width, height = video.codec_context.width, video.codec_context.height
    if width * height > limits.max_pixels:
        raise DecodeError(
            f"declares pictures of {width} x {height} pixels, at most {limits.max_pixels} pixels "
            "are decoded; scale it down"
        )


def _decoder(stream: "Stream") -> str | None:
    context: Any = stream.codec_context  # None where FFmpeg knows no decoder
    return None if context is None else str(context.name)


def _first_audio(container: "InputContainer") -> "tuple[AudioStream | None, str | None]":
    if not container.streams.audio:
        return None, None
    audio = container.streams.audio[0]
    name = _decoder(audio)
    if name not in AUDIO_DECODERS:
        return None, f"sound coded as {name or 'an unknown codec'} is not decoded"
    rate = audio.codec_context.sample_rate
    if not _AUDIO_HZ[0] <= rate <= _AUDIO_HZ[1] or audio.codec_context.channels < 1:
        return None, f"sound of {rate} Hz is not decoded"
    return audio, None


def _zero_us(video: "VideoStream", audio: "AudioStream | None") -> int:
    """Time 0 of the video: its first picture, or the sound where that starts clearly earlier.

    Sound before the container's 0 is what an encoder put in front to get going; it starts nothing.
    """
    pictures = start_us(video) or 0
    sound = None if audio is None else start_us(audio)
    if sound is None or max(sound, 0) > pictures - _LEAD_US:
        return pictures
    return max(sound, 0)


def start_us(stream: "Stream") -> int | None:
    """When the first packet of a stream is shown, on the clock of the container."""
    if stream.start_time is None or stream.time_base is None:
        return None
    return round(stream.start_time * stream.time_base * MICRO)
