"""Streams the frames and the sound of a clip to those who listen: one open, one decode."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from annotators.base import FrameBatch, FrameListener, Sound
from pipeline.clock import Lengths, step_us
from pipeline.container import DEFAULT_LIMITS, MICRO, Media, MediaLimits, open_media
from pipeline.decode import Damage, decode_span
from pipeline.orient import Pictures
from pipeline.soundtrack import Samples, SoundTrack
from schemas.clip import Clip
from schemas.errors import DecodeError

BATCH: Final = 4
BATCH_BYTES: Final = 32 * 1024 * 1024
KEPT_BYTES: Final = 160 * 1024 * 1024  # 19 s of 360p, 2.1 s of 1080p, as decoded
_SHORT_BY_US: Final = 100_000  # a video may end this much before its clip without a word


@dataclass(frozen=True, eq=False)
class Streamed:
    """What came out of a clip beside the frames. Times are seconds from the start of the clip."""

    frames: int
    times_s: NDArray[np.float64]  # [frames], rising
    sound: Sound | None  # None: not wanted, no track, or nothing in this span
    defects: tuple[str, ...]  # what was left out because it is damaged, in words


class KeptFrames:
    """Decoded frames of one clip, so that its stills need no second decode. A clip that is too
    long or too large is not kept at all: memory stays bounded, and `grab` decodes it again."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._left = most_bytes
        self._frames: list[tuple[int, VideoFrame]] | None = []
        self._pictures: Pictures | None = None

    def expect(self, frames: float, like: VideoFrame) -> None:
        """Keeps none from the start where about so many would not fit."""
        if frames * _size_bytes(like) > self._left:
            self._frames = None

    def add(self, time_us: int, frame: VideoFrame, pictures: Pictures) -> None:
        """`time_us` from the start of the clip."""
        self._pictures = pictures
        self._left -= _size_bytes(frame)
        if self._left < 0:
            self._frames = None
        if self._frames is not None:
            self._frames.append((time_us, frame))

    def grab(self, indices: Collection[int]) -> dict[int, tuple[float, NDArray[np.uint8]]] | None:
        """The same as the function `grab`; None where the clip was not kept."""
        if self._frames is None or self._pictures is None:
            return None
        if max(indices) >= len(self._frames):
            return None
        found = {}
        for index in sorted(indices):
            time_us, frame = self._frames[index]
            picture = np.ascontiguousarray(self._pictures.rgb(frame)).copy()
            found[index] = (time_us / MICRO, picture)
        return found


def _size_bytes(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)


def stream(
    path: Path,
    clip: Clip,
    listeners: Sequence[FrameListener[Any]],
    *,
    want_audio: bool,
    batch: int = BATCH,
    keep: KeptFrames | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Streamed:
    """Feeds every frame of the clip, in order, to every listener; does not call `finish`.

    A batch holds at most `batch` frames and at most 32 MB (one frame where that is larger), so
    memory does not depend on the length or size of a clip; only the sound is held whole (64 kB a
    second). Frames are handed on as they were decoded, without a copy. Raises DecodeError, without
    the path, when no frame can be decoded; what else is damaged is left out and told in `defects`.
    """
    chunks: list[Samples] = []
    damage = Damage()
    with open_media(path, limits=limits) as media:
        sound = None
        if want_audio and media.audio is not None:
            sound = SoundTrack(start_us=clip.start_us, end_us=clip.end_us, sink=chunks.append)
        batches = _Batches(media, clip, listeners, batch, keep)
        for time_us, frame in decode_span(
            media, clip.start_us, clip.end_us, damage=damage, sound=sound
        ):
            batches.add(time_us - clip.start_us, frame)
        batches.flush()
        if not batches.times_us:
            raise DecodeError(_nothing_seen(clip, damage))
        defects = (
            *damage.defects(),
            *_early_end(clip, batches.last_end_us),
            *(_sound_defects(media, sound) if want_audio else ()),
        )
    samples = np.concatenate(chunks) if sound is not None and sound.heard else None
    return Streamed(
        frames=len(batches.times_us),
        times_s=np.array(batches.times_us, np.int64) / MICRO,
        sound=None if samples is None else Sound(samples),
        defects=defects,
    )


def grab(
    path: Path, clip: Clip, indices: Collection[int], *, limits: MediaLimits = DEFAULT_LIMITS
) -> dict[int, tuple[float, NDArray[np.uint8]]]:
    """Index -> seconds from the start of the clip, and the frame [H, W, 3] as `stream` gives it.

    Decodes from the start of the clip to the last index wanted. Raises DecodeError when the clip
    has no such frame.
    """
    found: dict[int, tuple[float, NDArray[np.uint8]]] = {}
    wanted = set(indices)
    damage = Damage()
    with open_media(path, limits=limits) as media:
        pictures: Pictures | None = None
        frames = decode_span(media, clip.start_us, clip.end_us, damage=damage)
        for index, (time_us, frame) in enumerate(frames):
            if not wanted - found.keys():
                break
            pictures = pictures or Pictures(frame, media.video)
            if index in wanted:
                picture = np.ascontiguousarray(pictures.rgb(frame))
                found[index] = ((time_us - clip.start_us) / MICRO, picture.copy())
    if missing := sorted(wanted - found.keys()):
        raise DecodeError(f"has no frame {missing[0]} in this clip; annotate the clip again")
    return found


class _Batches:
    """Collects frames and hands them on, a few at a time."""

    def __init__(
        self,
        media: Media,
        clip: Clip,
        listeners: Sequence[FrameListener[Any]],
        most: int,
        keep: KeptFrames | None,
    ) -> None:
        self._media = media
        self._keep = keep
        self._listeners = listeners
        self._most = most
        self._lengths = Lengths(media)
        self._expected = (clip.end_us - clip.start_us) / max(1, step_us(media))  # frames
        self._pictures: Pictures | None = None
        self._frames: list[NDArray[np.uint8]] = []  # of the next batch
        self.times_us: list[int] = []  # from the start of the clip
        self.last_end_us = 0

    def add(self, time_us: int, frame: VideoFrame) -> None:
        if self._pictures is None:
            self._pictures = Pictures(frame, self._media.video)
            if self._keep is not None:
                self._keep.expect(self._expected, frame)
        self._frames.append(np.ascontiguousarray(self._pictures.rgb(frame)))
        self.times_us.append(time_us)
        if self._keep is not None:
            self._keep.add(time_us, frame, self._pictures)
        self.last_end_us = time_us + self._lengths.length_us(frame)
        one_more = (len(self._frames) + 1) * self._frames[0].nbytes
        if len(self._frames) == self._most or one_more > BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self._frames:
            return
        first = len(self.times_us) - len(self._frames)
        times_s = np.array(self.times_us[first:], np.int64) / MICRO
        batch = FrameBatch(index=first, t_s=times_s, frames=self._frames)
        self._frames = []  # another one: a listener may still look at this one
        for listener in self._listeners:
            listener.feed(batch)


def _nothing_seen(clip: Clip, damage: Damage) -> str:
    found = ", ".join(damage.defects()) or "no frame there"
    return (
        f"shows nothing from {clip.start_s:.2f} s to {clip.end_s:.2f} s: {found}; "
        "get the file again or leave it out"
    )


def _early_end(clip: Clip, last_end_us: int) -> tuple[str, ...]:
    length_us = clip.end_us - clip.start_us
    if last_end_us + _SHORT_BY_US >= length_us:
        return ()
    return (f"video ends at {last_end_us / MICRO:.2f} s, clip at {length_us / MICRO:.2f} s",)


def _sound_defects(media: Media, sound: SoundTrack | None) -> tuple[str, ...]:
    if media.refused_sound is not None:
        return (media.refused_sound,)
    if sound is not None and sound.missing_us:
        return (f"{sound.missing_us / MICRO:.2f} s of sound missing in between",)
    return ()
