"""Where a voice is heard: windows of a detector, joined to spans; the words are passed through."""

from collections.abc import Callable
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from annotators.base import AUDIO_HZ, Sound
from schemas.maker import Maker
from schemas.speech import Span, Speech, Transcript
from schemas.units import Probability, Row, Seconds

ENGINE: Final = "silero"
VERSION: Final = "1"
WINDOW: Final = 512  # samples; the only length the model takes at 16 kHz

VoiceWindow = Callable[[NDArray[np.float32]], float]
"""[512] samples in -1..1 -> probability of speech; hears the windows of one sound, in order."""

StartVoice = Callable[[], VoiceWindow]
"""Starts a detector that has heard nothing yet."""


class VoiceSettings(Row):
    """When a sound counts as speech.

    Defaults are Silero's (snakers4/silero-vad 6.2, `get_speech_timestamps`).
    """

    threshold: Probability = Field(0.5, description="Speech starts at this probability.")
    end_threshold: Probability = Field(0.35, description="Silence is below this probability.")
    min_speech_s: Seconds = Field(0.25, description="Shorter speech is dropped, in seconds.")
    min_silence_s: Seconds = Field(0.1, description="Silence that ends a span, in seconds.")
    pad_s: Seconds = Field(0.03, description="Added before and after every span, in seconds.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.end_threshold > self.threshold:
            raise ValueError(
                f"end_threshold {self.end_threshold} is above threshold {self.threshold}"
            )
        if self.min_silence_s < 2 * self.pad_s:
            raise ValueError(
                f"min_silence_s {self.min_silence_s} is below twice pad_s {self.pad_s}: "
                "neighbouring spans would overlap"
            )
        return self


SILERO_DEFAULTS: Final = VoiceSettings()


def within_range(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples in -1..1. Broken files hold NaN and infinity; resampling overshoots full scale."""
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)


class SpeechStream:
    """Hears the sound of a clip or a whole film in chunks of any size and gives its spans.

    `feed` gives the spans that are certain by now, `finish` the rest; all of them together do not
    depend on the sizes of the chunks. Holds less than one window of samples. The rules are those
    of Silero's `get_speech_timestamps`: speech starts at `threshold`, ends at the first window
    below `end_threshold` that no speech follows for `min_silence_s`, and is dropped unless it is
    longer than `min_speech_s`.
    """

    def __init__(
        self,
        detect: StartVoice,
        settings: VoiceSettings = SILERO_DEFAULTS,
        *,
        start_s: float = 0.0,
    ) -> None:
        self._hear = detect()
        self._settings = settings
        self._start_s = start_s
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._heard = 0  # samples in whole windows so far
        self._speech_from: int | None = None  # sample
        self._silence_from: int | None = None  # sample; only inside speech
        self.highest: float | None = None  # probability over all windows; None before the first

    def feed(self, samples: NDArray[np.float32]) -> tuple[Span, ...]:
        """[N] samples at 16 kHz that follow those fed before -> spans that ended."""
        samples = np.concatenate([self._rest, within_range(samples)])
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:].copy()  # a view would keep the whole chunk alive
        spans = [self._window(window) for window in samples[:whole].reshape(-1, WINDOW)]
        return tuple(span for span in spans if span is not None)

    def finish(self) -> tuple[Span, ...]:
        """Hears the last, zero-filled window and ends the span that is still open."""
        spans, end = [], self._heard + len(self._rest)
        if len(self._rest):
            spans.append(self._window(np.pad(self._rest, (0, WINDOW - len(self._rest)))))
            self._rest = self._rest[:0]
        if self._speech_from is not None:
            spans.append(self._span(self._speech_from, end, last=end))
            self._speech_from = self._silence_from = None
        return tuple(span for span in spans if span is not None)

    def _window(self, window: NDArray[np.float32]) -> Span | None:
        probability = min(1.0, max(0.0, self._hear(window)))
        at, self._heard = self._heard, self._heard + WINDOW
        self.highest = probability if self.highest is None else max(self.highest, probability)
        if probability >= self._settings.threshold:
            self._silence_from = None
            self._speech_from = at if self._speech_from is None else self._speech_from
        elif probability < self._settings.end_threshold and self._speech_from is not None:
            return self._silence(self._speech_from, at)
        return None

    def _silence(self, speech_from: int, at: int) -> Span | None:
        """A silent window at sample `at`: the span ends once the silence is long enough."""
        if self._silence_from is None:
            self._silence_from = at
        if at - self._silence_from < self._settings.min_silence_s * AUDIO_HZ:
            return None
        span = self._span(speech_from, self._silence_from, last=at)
        self._speech_from = self._silence_from = None
        return span

    def _span(self, start: int, end: int, *, last: int) -> Span | None:
        """Pads, at most to sample `last`, and moves to the time of the clip; nothing before 0 s."""
        if end - start <= self._settings.min_speech_s * AUDIO_HZ:
            return None
        pad = round(self._settings.pad_s * AUDIO_HZ)
        start_s = max(0.0, self._start_s + max(0, start - pad) / AUDIO_HZ)
        end_s = self._start_s + min(last, end + pad) / AUDIO_HZ
        return Span(start_s=round(start_s, 6), end_s=round(end_s, 6)) if end_s > start_s else None


def find_speech(
    clip_id: str,
    sound: Sound | None,
    words: Transcript | None,
    detect: StartVoice,
    *,
    settings: VoiceSettings = SILERO_DEFAULTS,
    model: str | None = None,
) -> Speech:
    """Spans in which somebody speaks, and the words as they were given.

    A sound without samples is no sound: `voiced` is None. `model` is the name of the weights.
    """
    made_by = Maker(engine=ENGINE, version=VERSION, model=model)
    voiced, highest = None, None
    if sound is not None and len(sound.samples):
        stream = SpeechStream(detect, settings=settings, start_s=sound.start_s)
        voiced = stream.feed(sound.samples) + stream.finish()
        highest = stream.highest
    return Speech(
        clip_id=clip_id,
        made_by=made_by,
        voiced=voiced,
        voice_probability=None if highest is None else round(highest, 4),
        transcript=words,
    )
