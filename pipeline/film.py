"""Shots of a long film and where somebody speaks in it, from one streaming decode."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from pipeline.container import DEFAULT_LIMITS, MICRO, MediaLimits, open_media
from pipeline.decode import Damage, decode_span
from pipeline.soundtrack import SoundTrack
from schemas.errors import DecodeError
from schemas.speech import Span
from schemas.video import Video

# PySceneDetect shrinks to about this width before it compares (scene_manager.DEFAULT_MIN_WIDTH).
WIDTH_PX: Final = 256
# A new shot this soon after another is a flash or a strobe. PySceneDetect's own 0.6 s would leave
# short shots inside of clips.
MIN_SHOT_S: Final = 0.2


class VoiceStream(Protocol):
    """Hears the sound of a film in chunks, [N] float32 mono at 16 kHz, and gives voiced spans."""

    def feed(self, samples: NDArray[np.float32]) -> Sequence[Span]: ...

    def finish(self) -> Sequence[Span]: ...


@dataclass(frozen=True)
class FilmAnalysis:
    """Seconds from the start of the video."""

    shots: tuple[Span, ...]  # without gap from 0 to the end of the video
    voiced: tuple[Span, ...] | None  # None: no sound, or nobody listened
    defects: tuple[str, ...]  # what of the film is damaged, in words


def analyse_film(
    path: Path,
    video: Video,
    *,
    voice_stream: VoiceStream | None,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> FilmAnalysis:
    """Decodes the whole film once; memory depends neither on its length nor on its size.

    Raises DecodeError, without the path, when the film has no frame that can be decoded.
    """
    end_us = round((video.duration_s or 0) * MICRO)
    damage, voiced = Damage(), list[Span]()
    with open_media(path, limits=limits) as media:
        sound = None
        if voice_stream is not None and media.audio is not None:
            hear = voice_stream.feed
            sound = SoundTrack(
                start_us=0, end_us=end_us, sink=lambda samples: voiced.extend(hear(samples))
            )
        cuts = _Cuts(video)
        for time_us, frame in decode_span(media, 0, end_us, damage=damage, sound=sound):
            cuts.see(time_us, frame)
    if not cuts.seen:
        found = ", ".join(damage.defects()) or "no frame"
        raise DecodeError(f"shows nothing: {found}; get the film again or leave it out")
    has_sound = sound is not None and sound.heard > 0
    if voice_stream is not None and has_sound:
        voiced.extend(voice_stream.finish())
    return FilmAnalysis(
        shots=_shots(cuts.times_us, end_us),
        voiced=tuple(voiced) if has_sound else None,
        defects=damage.defects(),
    )


class _Cuts:
    """PySceneDetect's adaptive detector, which tells a cut from a fast pan, on small frames."""

    def __init__(self, video: Video) -> None:
        from scenedetect.detectors import AdaptiveDetector

        self._detector: Any = AdaptiveDetector(min_scene_len=MIN_SHOT_S)
        self._fps = Fraction(video.fps or 25.0).limit_denominator(100_000)
        self._reformatter = VideoReformatter()
        self.seen = 0
        self.times_us: list[int] = []  # of the first frame of each shot but the first

    def see(self, time_us: int, frame: VideoFrame) -> None:
        from scenedetect.common import FrameTimecode, Timecode

        self.seen += 1
        at = FrameTimecode(Timecode(time_us, Fraction(1, MICRO)), self._fps)
        for cut in self._detector.process_frame(at, self._small(frame)):
            self.times_us.append(round(cut.seconds * MICRO))

    def _small(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """[H, 256, 3] BGR, not turned: a cut is a cut on its side too."""
        width = min(WIDTH_PX, frame.width)
        height = max(1, round(frame.height * width / frame.width))
        small = self._reformatter.reformat(
            frame, width, height, format="bgr24", interpolation=Interpolation.AREA, threads=1
        )
        return np.ascontiguousarray(small.to_ndarray(), np.uint8)


def _shots(cuts_us: Sequence[int], end_us: int) -> tuple[Span, ...]:
    inner = sorted({cut for cut in cuts_us if 0 < cut < end_us})
    edges = [0, *inner, end_us]
    return tuple(Span(start_s=a / MICRO, end_s=b / MICRO) for a, b in pairwise(edges))
