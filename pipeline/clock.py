"""When a decoded picture is shown, in microseconds from the start of the video."""

from fractions import Fraction
from typing import Any, Final

from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from pipeline.container import MICRO, Media

_DEFAULT_STEP_US: Final = 40_000  # 25 frames a second, where nothing is known


class Clock:
    """Times of decoded pictures.

    AVI has no presentation times, only numbers of packets (FFmpeg's guess for B-frames is wrong);
    there a picture gets the number of the packet that released it, less the decoder's delay.
    A picture without any time comes one step after the one before, the first one at 0.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._by_packet = media.demuxer == "avi"
        self._step_us = step_us(media)
        self._first_packet: int | None = None
        self._delay: int | None = None
        self._last_us: int | None = None
        base = _time_base(media.video)  # PyAV makes it anew each time it is asked for
        self._ticks, self._per = base.numerator * MICRO, base.denominator

    def see(self, packet: "Packet[Any]") -> None:
        if self._first_packet is None:
            self._first_packet = packet.dts

    def time_us(self, frame: VideoFrame) -> int:
        ticks = self._packet_number(frame) if self._by_packet else frame.pts
        if ticks is not None:
            self._last_us = _rounded(ticks * self._ticks, self._per) - self._media.zero_us
        elif self._last_us is None:
            self._last_us = 0
        else:
            self._last_us += self._step_us
        return self._last_us

    def _packet_number(self, frame: VideoFrame) -> int | None:
        if frame.dts is None:
            return None
        if self._delay is None:
            self._delay = frame.dts - (self._first_packet or 0)
        return frame.dts - self._delay


def step_us(media: Media) -> int:
    """The usual time between two pictures, as the container has it."""
    rate = media.video.average_rate or media.video.guessed_rate
    return round(MICRO / rate) if rate else _DEFAULT_STEP_US


def _time_base(stream: Stream) -> Fraction:
    return stream.time_base or Fraction(1, MICRO)


class Lengths:
    """How long pictures of a stream are shown: as declared, and at least the usual step."""

    def __init__(self, media: Media) -> None:
        base = media.video.time_base or Fraction(0)
        self._ticks, self._per = base.numerator * MICRO, base.denominator
        self._step_us = step_us(media)

    def length_us(self, frame: VideoFrame) -> int:
        return max(self._step_us, _rounded((frame.duration or 0) * self._ticks, self._per))


def to_us(media: Media, stream: Stream, ticks: int) -> int:
    base = _time_base(stream)
    return _rounded(ticks * base.numerator * MICRO, base.denominator) - media.zero_us


def _rounded(over: int, under: int) -> int:
    """round(Fraction(over, under)), halves to even, without the fraction: asked per packet."""
    whole, rest = divmod(over, under)
    return whole + (2 * rest > under or (2 * rest == under and whole % 2 == 1))
