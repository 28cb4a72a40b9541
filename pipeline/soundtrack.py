"""The sound of a span as one gapless row of samples: mono, 16 kHz, sample 0 at its start."""

from collections.abc import Callable
from typing import Final

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from annotators.base import AUDIO_HZ
from pipeline.container import MICRO

Samples = NDArray[np.float32]

_JITTER_US: Final = 20_000  # time stamps of containers are this rough; more is a gap
_WORTH_TELLING_US: Final = 50_000
_CHUNK: Final = AUDIO_HZ  # samples of silence written at once


class SoundTrack:
    """Takes decoded frames with their times and writes chunks of samples in -1..1 to `sink`.

    What lies before `start_us` or after `end_us` is cut off. Where the file has no sound at the
    start or in between, the row is filled with silence, as a player does; after the last sound
    nothing is written. Holds no more than one frame.
    """

    def __init__(self, *, start_us: int, end_us: int, sink: Callable[[Samples], None]) -> None:
        self._start_us = start_us
        self._length = _samples(end_us - start_us)
        self._sink = sink
        self._run: _Run | None = None
        self._written = 0  # samples, silence included
        self.heard = 0  # samples, without silence that we filled in
        self.missing_us = 0  # silence filled in between sounds
        self.damaged = 0  # frames that could not be used

    @property
    def complete(self) -> bool:
        return self._written >= self._length

    def feed(self, frame: AudioFrame, time_us: int | None) -> None:
        """`time_us`: of the first sample; None, where the file does not say: after the last."""
        if frame.samples < 1 or frame.sample_rate < 1:
            return
        if self._run is None or not self._run.goes_on_with(frame, time_us):
            at_us = self._start_us + _us(self._written) if time_us is None else time_us
            self.finish()
            self._run = _Run(frame, at_us, _samples(at_us - self._start_us))
        self._write(self._run, frame)

    def finish(self) -> None:
        """Writes what the resampler still holds."""
        run, self._run = self._run, None
        if run is not None:
            self._write(run, None)

    def _write(self, run: "_Run", frame: AudioFrame | None) -> None:
        try:
            position, samples = run.resample(frame)
        except (av.error.FFmpegError, ValueError):  # e.g. a channel layout that has no downmix
            self.damaged += 1
            self._run = None
        else:
            self._place(position, samples)

    def _place(self, position: int, samples: Samples) -> None:
        """Writes samples that belong at `position`, counted from the start of the span."""
        samples = samples[max(0, self._written - position) :]
        position = max(position, self._written)
        samples = samples[: max(0, self._length - position)]
        if len(samples):
            self._fill_up_to(position)
            self._sink(_within_range(samples))
            self._written += len(samples)
            self.heard += len(samples)

    def _fill_up_to(self, position: int) -> None:
        gap_us = _us(position - self._written)
        if self.heard and gap_us > _WORTH_TELLING_US:
            self.missing_us += gap_us
        while self._written < position:
            silence = min(_CHUNK, position - self._written)
            self._sink(np.zeros(silence, np.float32))
            self._written += silence


class _Run:
    """Frames of one format that follow each other without a gap, and their resampler."""

    def __init__(self, first: AudioFrame, start_us: int, position: int) -> None:
        self._start_us = start_us
        self._position = position  # of the next resampled sample
        self._taken = 0  # samples at the rate of the file
        self._kind = (first.format.name, first.layout.name, first.sample_rate)
        self._resampler = AudioResampler(
            format="flt",
            layout="mono",
            rate=AUDIO_HZ,
            options={"rematrix_maxval": "1.0"},  # else two loud channels add up to 1.41
        )

    def goes_on_with(self, frame: AudioFrame, time_us: int | None) -> bool:
        if (frame.format.name, frame.layout.name, frame.sample_rate) != self._kind:
            return False
        expected_us = self._start_us + self._taken * MICRO // frame.sample_rate
        return time_us is None or abs(time_us - expected_us) <= _JITTER_US

    def resample(self, frame: AudioFrame | None) -> tuple[int, Samples]:
        """None gives the rest. Raises FFmpegError or ValueError."""
        self._taken += 0 if frame is None else frame.samples
        chunks = [chunk.to_ndarray().ravel() for chunk in self._resampler.resample(frame)]
        samples = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
        position, self._position = self._position, self._position + len(samples)
        return position, samples.astype(np.float32, copy=False)


def _within_range(samples: Samples) -> Samples:
    """In -1..1. Broken files hold NaN and infinity; resampling overshoots full scale."""
    loudest = max(float(samples.max()), -float(samples.min()))  # NaN where one of them is NaN
    return samples if loudest <= 1 else np.clip(np.nan_to_num(samples), -1, 1)


def _samples(time_us: int) -> int:
    return round(time_us * AUDIO_HZ / MICRO)


def _us(samples: int) -> int:
    return round(samples * MICRO / AUDIO_HZ)
