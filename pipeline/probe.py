"""What a video is: read from its packets and its first picture, not from what its header claims."""

from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av.error
import av.stream
import numpy as np
from numpy.typing import NDArray

from pipeline.container import DEFAULT_LIMITS, MICRO, Media, MediaLimits, open_media
from pipeline.decode import Damage, decode_span
from pipeline.orient import Pictures
from schemas.errors import DecodeError
from schemas.video import Video

# A rate is variable when a frame lies further than this from where a constant rate would put it.
# Matroska rounds times to 1 ms, which is 0.03 of a step at 60 frames a second.
_STRAY: Final = 0.25
_SAME_RATE: Final = 0.01  # the declared rate is taken, being exact, when the packets agree with it
_MOST_PACKETS: Final = 5_000_000


@dataclass(frozen=True)
class _First:
    """What the first picture tells."""

    container: str
    still: bool
    width_px: int
    height_px: int
    rotation_deg: int
    video_codec: str
    audio_codec: str | None
    audio_hz: int | None
    audio_channels: int | None


@dataclass(frozen=True)
class _Timing:
    duration_us: int | None
    fps: float | None
    variable_rate: bool


def probe(
    path: Path, *, video_id: str, size_bytes: int, limits: MediaLimits = DEFAULT_LIMITS
) -> Video:
    """Decodes the first picture, then reads the times of all packets without decoding them.

    Raises DecodeError, without the path, when there is no picture or a limit is exceeded.
    """
    first = _look(path, limits)
    timing = None if first.still else _time(path, limits)
    return Video(
        video_id=video_id,
        identity="bytes",
        container=first.container,
        still=first.still,
        duration_s=_seconds(timing),
        fps=None if timing is None else timing.fps,
        variable_rate=None if timing is None else timing.variable_rate,
        width_px=first.width_px,
        height_px=first.height_px,
        rotation_deg=first.rotation_deg,
        video_codec=first.video_codec,
        audio_codec=first.audio_codec,
        audio_hz=first.audio_hz,
        audio_channels=first.audio_channels,
        size_bytes=size_bytes,
    )


def _seconds(timing: _Timing | None) -> float | None:
    if timing is None or timing.duration_us is None:
        return None
    return timing.duration_us / MICRO


def _look(path: Path, limits: MediaLimits) -> _First:
    damage = Damage()
    with open_media(path, limits=limits) as media:
        until = round(limits.max_duration_s * MICRO)
        frame = next(decode_span(media, -until, until, damage=damage), None)
        if frame is None:
            raise DecodeError(_no_picture(media, damage, limits))
        pictures = Pictures(frame[1], media.video)
        height, width = pictures.rgb(frame[1]).shape[:2]
        audio = None if media.audio is None else media.audio.codec_context
        return _First(
            container=media.demuxer,
            still=media.still,
            width_px=width,
            height_px=height,
            rotation_deg=pictures.orientation.rotation_deg,
            video_codec=media.video.codec_context.codec.canonical_name,
            audio_codec=None if audio is None else audio.codec.canonical_name,
            audio_hz=None if audio is None else audio.sample_rate,
            audio_channels=None if audio is None else audio.channels,
        )


def _no_picture(media: Media, damage: Damage, limits: MediaLimits) -> str:
    if not media.video.codec_context.width:
        return (
            f"has pictures of no readable size, or of more than {limits.max_pixels} pixels; "
            "get it again or scale it down"
        )
    found = ", ".join(damage.defects()) or "its video track is empty"
    return f"shows no picture that can be decoded: {found}; get it again or leave it out"


def _time(path: Path, limits: MediaLimits) -> _Timing:
    with open_media(path, limits=limits) as media:
        times_us, last_us = _packet_times(media)
        if not len(times_us):
            raise DecodeError("holds a video track without a packet; get it again")
        duration_us = _duration_us(media, times_us, last_us)
        timing = _timing(times_us, duration_us, media.video.average_rate)
    if duration_us is not None and duration_us > limits.max_duration_s * MICRO:
        raise DecodeError(
            f"lasts {duration_us / MICRO:.0f} s, at most {limits.max_duration_s:.0f} s are taken; "
            "split it"
        )
    if timing.fps is not None and not limits.min_fps <= timing.fps <= limits.max_fps:
        raise DecodeError(
            f"has {timing.fps:.3g} frames a second, {limits.min_fps:g} to {limits.max_fps:g} are "
            "taken; convert it"
        )
    return timing


def _packet_times(media: Media) -> tuple[NDArray[np.int64], int | None]:
    """[N] times of all shown packets, sorted, from the start of the video; length of the last.

    AVI numbers its packets and has no other time.
    """
    ticks, last, length = array("q"), None, None
    if media.audio is not None:
        media.audio.discard = av.stream.Discard.all
    try:
        for packet in media.container.demux(media.video):
            at = packet.dts if media.demuxer == "avi" or packet.pts is None else packet.pts
            if at is None or not packet.size or packet.is_discard:
                continue
            ticks.append(at)
            if last is None or at >= last:
                last, length = at, packet.duration
            if len(ticks) > _MOST_PACKETS:
                raise DecodeError(f"holds more than {_MOST_PACKETS} pictures; split it")
    except (av.error.FFmpegError, OSError, IndexError):
        pass  # the file ends here; `stream` tells what is missing from a clip
    base = media.video.time_base or Fraction(1, MICRO)
    scale = base * MICRO
    times = [round(at * scale) - media.zero_us for at in sorted(ticks)]
    return np.array(times, np.int64), round(length * scale) if length else None


def _duration_us(media: Media, times_us: NDArray[np.int64], last_us: int | None) -> int | None:
    """From time 0 to the end of the last picture."""
    if last_us is None and len(times_us) > 1:
        last_us = int(np.median(np.diff(times_us)))
    if last_us is None and media.container.duration:
        last_us = media.container.duration
    return None if last_us is None else max(1, int(times_us[-1]) + last_us)


def _timing(
    times_us: NDArray[np.int64], duration_us: int | None, declared: Fraction | None
) -> _Timing:
    if duration_us is None:
        return _Timing(None, None, False)
    shown_us = max(1, duration_us - int(times_us[0]))
    fps = len(times_us) * MICRO / shown_us
    variable = _is_variable(times_us)
    if declared and not variable and abs(float(declared) / fps - 1) < _SAME_RATE:
        fps = float(declared)
    return _Timing(duration_us, fps, variable)


def _is_variable(times_us: NDArray[np.int64]) -> bool:
    if len(times_us) < 3 or times_us[-1] <= times_us[0]:
        return False
    even = np.linspace(times_us[0], times_us[-1], len(times_us))
    step = (times_us[-1] - times_us[0]) / (len(times_us) - 1)
    return bool(np.abs(times_us - even).max() > _STRAY * step)
