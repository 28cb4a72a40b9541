"""One decode of a span: pictures in the order they are shown, and sound, from one pass.

Good pictures only. After a damaged packet the decoders fill holes with what was there before, and
every picture up to the next key frame rests on that: a mouth then moves that nobody moved. Such
pictures are left out and counted, never passed on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av.error
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from pipeline.clock import Clock, to_us
from pipeline.container import MICRO, Media
from pipeline.soundtrack import SoundTrack
from schemas.errors import DecodeError

# How far before a span decoding starts: sound decoders need some packets to get going (AAC one,
# Opus 80 ms, MP3 its bit reservoir); the larger ones are for key frames that come late.
_RUN_UPS_US: Final = (500_000, 5_000_000, 30_000_000)
_UNREADABLE_IN_A_ROW: Final = 16


@dataclass
class Damage:
    """What was left out of a span, counted."""

    packets: int = 0
    sound_packets: int = 0
    smeared: int = 0  # pictures between a damaged packet and the next key frame
    untimed: int = 0  # pictures that are not later than the one before
    unreadable: int = 0  # places where the container itself is broken

    def defects(self) -> tuple[str, ...]:
        """One phrase for each kind of damage."""
        told = (
            (self.packets, "damaged packet{s} skipped"),
            (self.smeared, "damaged frame{s} left out"),
            (self.untimed, "frame{s} without a time of their own left out"),
            (self.sound_packets, "damaged sound packet{s} skipped"),
            (self.unreadable, "unreadable place{s} in the file"),
        )
        return tuple(
            f"{count} {phrase.format(s='' if count == 1 else 's')}"
            for count, phrase in told
            if count
        )


def decode_span(
    media: Media, start_us: int, end_us: int, *, damage: Damage, sound: SoundTrack | None = None
) -> Iterator[tuple[int, VideoFrame]]:
    """Times from the start of the video in microseconds, rising, and the pictures shown then.

    A picture belongs to the span in which it appears: start_us <= time < end_us. All sound of the
    span has gone to `sound` when the iterator ends, not before. A still gives one picture.
    """
    if media.still:
        yield from _only_picture(media, damage)
        return
    _seek(media, start_us)
    yield from _Span(media, start_us, end_us, damage, sound).pictures()
    if sound is not None:
        sound.finish()
        damage.sound_packets += sound.damaged


def _only_picture(media: Media, damage: Damage) -> Iterator[tuple[int, VideoFrame]]:
    for packet in [*_packets(media, damage), None]:
        for frame in _decoded(media.video, packet) or ():
            yield 0, frame
            return


def _seek(media: Media, start_us: int) -> None:
    """To a key frame that is shown before `start_us`, with time to run up."""
    for run_up_us in _RUN_UPS_US:
        if start_us <= run_up_us:
            break
        target = start_us - run_up_us
        if _seek_to(media, target):
            shown_us = _next_time_us(media)
            if shown_us is not None and shown_us <= start_us and _seek_to(media, target):
                return
    if start_us > _RUN_UPS_US[0] and not _seek_to(media, min(0, -media.zero_us)):
        raise DecodeError(
            f"cannot be searched for {start_us / MICRO:.2f} s: its index is damaged; convert it"
        )


def _seek_to(media: Media, time_us: int) -> bool:
    ticks = round((time_us + media.zero_us) / MICRO / (media.video.time_base or Fraction(1, MICRO)))
    try:
        media.container.seek(ticks, stream=media.video, backward=True)
    except (av.error.FFmpegError, OSError):
        return False
    return True


def _next_time_us(media: Media) -> int | None:
    """When the next packet of the picture track is shown."""
    try:
        packet = next(media.container.demux(media.video))
    except (av.error.FFmpegError, OSError):
        return None
    ticks = packet.dts if packet.pts is None else packet.pts
    return None if ticks is None else to_us(media, media.video, ticks)


def _decoded(stream: Stream, packet: "Packet[Any] | None") -> list[Any] | None:
    """Frames; None: the packet is damaged. The packet None gives what the decoder still holds."""
    context: Any = stream.codec_context
    try:
        frames: list[Any] = context.decode(packet)
    except av.error.FFmpegError:
        return None
    return frames


def _packets(media: Media, damage: Damage) -> "Iterator[Packet[Any]]":
    """Packets that hold something. A broken place is stepped over, many in a row are the end."""
    in_a_row = 0
    while in_a_row < _UNREADABLE_IN_A_ROW:
        try:
            for packet in media.container.demux(*media.used):
                in_a_row = 0
                if packet.size:  # an empty one would end the decoder
                    yield packet
        except (av.error.FFmpegError, OSError):
            in_a_row += 1
            damage.unreadable += in_a_row == 1
        except IndexError:  # PyAV 18 at the end of a file in which another stream turned up
            return
        else:
            return


class _Span:
    """State of one pass over a span."""

    def __init__(
        self,
        media: Media,
        start_us: int,
        end_us: int,
        damage: Damage,
        sound: SoundTrack | None,
    ) -> None:
        self._media = media
        self._start_us = start_us
        self._end_us = end_us
        self._damage = damage
        self._sound = sound if media.audio is not None else None
        self._clock = Clock(media)
        self._last_us: int | None = None
        self._smeared = False
        self._over = False  # a picture after the span was seen

    def pictures(self) -> Iterator[tuple[int, VideoFrame]]:
        for packet in _packets(self._media, self._damage):
            if packet.stream_index == self._media.video.index:
                yield from self._see(packet)
            elif self._sound is not None:
                self._hear(packet, self._sound)
            if self._over and (self._sound is None or self._sound.complete):
                return
        yield from self._see(None)
        if self._sound is not None:
            self._hear(None, self._sound)

    def _see(self, packet: "Packet[Any] | None") -> Iterator[tuple[int, VideoFrame]]:
        if self._over:
            return
        if packet is not None:
            self._clock.see(packet)
        frames = _decoded(self._media.video, packet)
        if frames is None:
            self._smeared = True
            self._damage.packets += packet is None or self._is_inside(packet)
        for frame in frames or ():
            time_us = self._clock.time_us(frame)
            self._over = self._over or time_us >= self._end_us
            if self._is_good(frame, time_us) and self._start_us <= time_us < self._end_us:
                yield time_us, frame

    def _is_inside(self, packet: "Packet[Any]") -> bool:
        ticks = packet.dts if packet.pts is None else packet.pts
        if ticks is None:
            return True
        time_us = to_us(self._media, packet.stream, ticks)
        return self._start_us <= time_us < self._end_us

    def _is_good(self, frame: VideoFrame, time_us: int) -> bool:
        inside = self._start_us <= time_us < self._end_us
        self._smeared = frame.is_corrupt or (self._smeared and not frame.key_frame)
        if self._smeared:
            self._damage.smeared += inside
            return False
        if self._last_us is not None and time_us <= self._last_us:
            self._damage.untimed += inside
            return False
        self._last_us = time_us
        return True

    def _hear(self, packet: "Packet[Any] | None", sound: SoundTrack) -> None:
        audio = self._media.audio
        if audio is None or sound.complete:
            return
        frames = _decoded(audio, packet)
        if frames is None:
            self._damage.sound_packets += packet is None or self._is_inside(packet)
        for frame in frames or ():
            known = frame.pts is not None
            sound.feed(frame, to_us(self._media, audio, frame.pts) if known else None)
