"""A clip as browsers play it: H.264 and AAC in MP4, a few seconds around it, and its sound in
figures.

Reviewers see this file and never the source: what a codec of ours wrote anew carries nothing that
somebody hid in a film, a long film costs the page nothing, and every frame can be stepped to.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import AUDIO_HZ
from schemas.clip import Clip
from schemas.errors import ClipError
from schemas.units import Row, Seconds

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from pipeline.soundtrack import Samples

VERSION: Final = "1"
MAX_WIDTH_PX: Final = 960
_TICKS: Final = 90_000  # per second; MPEG's clock
_AUDIO_BITS: Final = 96_000
# A key frame every 12 frames: a step back decodes at most 12. No B-frames: what is shown is what
# was asked for. crf 23 is x264's own default.
_X264: Final = {"preset": "veryfast", "crf": "23", "g": "12", "bf": "0", "threads": "1"}
MOST_COLUMNS: Final = 1200  # of a curve: more than a screen has pixels for
_QUIET_DB: Final = -70.0

TrackPitch = Callable[[NDArray[np.float32]], NDArray[np.float64]]


class SoundCurves(Row):
    """Evenly spaced over the whole file, the first at its start."""

    step_s: Seconds
    envelope: tuple[float, ...]  # highest |sample|, 0-1
    level_dbfs: tuple[float, ...]  # RMS; -70 and below is silence
    pitch_hz: tuple[float | None, ...] | None  # None: nobody measured it


class Proxy(Row):
    """Times are seconds from the start of the file; `before_s` is where the clip starts."""

    before_s: Seconds
    duration_s: Seconds
    width_px: int
    height_px: int
    frames_s: tuple[Seconds, ...]
    sound: SoundCurves | None


def make_proxy(
    path: Path,
    clip: Clip,
    target: Path,
    *,
    around_s: float,
    pitch: TrackPitch | None,
    limits: Any,
) -> Proxy:
    """Writes `target`. ClipError, without the path, when nothing of the span can be decoded."""
    import av

    from pipeline.container import open_media
    from pipeline.decode import Damage, decode_span
    from pipeline.soundtrack import SoundTrack

    around_us = round(around_s * 1e6)
    start_us, end_us = max(0, clip.start_us - around_us), clip.end_us + around_us
    chunks: list[Samples] = []
    with open_media(path, limits=limits) as media:
        sound = None
        if media.audio is not None:
            sound = SoundTrack(start_us=start_us, end_us=end_us, sink=chunks.append)
        frames = decode_span(media, start_us, end_us, damage=Damage(), sound=sound)
        with av.open(
            str(target), "w", format="mp4", container_options={"movflags": "+faststart"}
        ) as file:
            picture = _Pictures(file, media.video, has_sound=sound is not None)
            for time_us, frame in frames:
                picture.write(time_us - start_us, frame)
            picture.end()
            samples = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
            picture.add_sound(samples)
    if not picture.times_s:
        raise ClipError(f"{clip.clip_id}: shows nothing around it; get the film again")
    last_s = picture.times_s[-1] + 1 / 25
    return Proxy(
        before_s=(clip.start_us - start_us) / 1e6,
        duration_s=round(max(last_s, len(samples) / AUDIO_HZ), 3),
        width_px=picture.width,
        height_px=picture.height,
        frames_s=tuple(round(t, 3) for t in picture.times_s),
        sound=sound_curves(samples, pitch) if len(samples) else None,
    )


class _Pictures:
    """The picture track and, after it, the sound."""

    def __init__(self, file: Any, source: Any, *, has_sound: bool) -> None:
        self._file = file
        self._source = source
        self._track: Any = None
        self._oriented: Any = None
        self._audio = file.add_stream("aac", rate=AUDIO_HZ, layout="mono") if has_sound else None
        if self._audio is not None:
            self._audio.bit_rate = _AUDIO_BITS
        self.width = self.height = 0
        self.times_s: list[float] = []

    def write(self, time_us: int, frame: "VideoFrame") -> None:
        from av.video.frame import VideoFrame as Frame

        from pipeline.orient import Pictures

        if self._oriented is None:
            self._oriented = Pictures(frame, self._source)
        rgb = np.ascontiguousarray(self._oriented.rgb(frame))
        if self._track is None:
            self._open(rgb.shape[1], rgb.shape[0])
        made = Frame.from_ndarray(rgb, format="rgb24").reformat(
            self.width, self.height, format="yuv420p"
        )
        made.pts = round(time_us * _TICKS / 1e6)
        made.time_base = Fraction(1, _TICKS)
        self.times_s.append(time_us / 1e6)
        self._file.mux(self._track.encode(made))

    def _open(self, width: int, height: int) -> None:
        scale = min(1.0, MAX_WIDTH_PX / width)
        self.width, self.height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        self._track = self._file.add_stream("libx264", rate=25, options=_X264)
        self._track.width, self._track.height = self.width, self.height
        self._track.pix_fmt = "yuv420p"
        self._track.time_base = self._track.codec_context.time_base = Fraction(1, _TICKS)

    def end(self) -> None:
        if self._track is not None:
            self._file.mux(self._track.encode(None))

    def add_sound(self, samples: NDArray[np.float32]) -> None:
        if self._audio is None or not len(samples):
            return
        from av.audio.frame import AudioFrame

        for at in range(0, len(samples), AUDIO_HZ):
            piece = np.ascontiguousarray(samples[None, at : at + AUDIO_HZ])
            frame = AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate = AUDIO_HZ
            frame.pts = at
            self._file.mux(self._audio.encode(frame))
        self._file.mux(self._audio.encode(None))


def sound_curves(samples: NDArray[np.float32], pitch: TrackPitch | None) -> SoundCurves:
    """[N] samples at 16 kHz, N > 0 -> at most 1,200 columns of at least 10 ms each."""
    step = max(AUDIO_HZ // 100, math.ceil(len(samples) / MOST_COLUMNS))
    columns = list(_columns(samples, step))
    return SoundCurves(
        step_s=step / AUDIO_HZ,
        envelope=tuple(round(float(np.abs(c).max()), 3) for c in columns),
        level_dbfs=tuple(_level(c) for c in columns),
        pitch_hz=None if pitch is None else _pitched(pitch(samples), step, len(columns)),
    )


def _columns(samples: NDArray[np.float32], step: int) -> Iterator[NDArray[np.float32]]:
    for at in range(0, len(samples), step):
        yield samples[at : at + step]


def _level(column: NDArray[np.float32]) -> float:
    power = float(np.square(column, dtype=np.float64).mean())
    return _QUIET_DB if power <= 0 else round(max(_QUIET_DB, 10 * math.log10(power)), 1)


def _pitched(hz: NDArray[np.float64], step: int, columns: int) -> tuple[float | None, ...]:
    """The pitch frame nearest to the middle of each column; frame k is at sample 256 * k."""
    middles = (np.arange(columns) * step + step // 2) // 256
    near = hz[np.minimum(middles, len(hz) - 1)]
    return tuple(None if math.isnan(v) else round(float(v), 1) for v in near)
