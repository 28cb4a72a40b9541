"""How a voice sounds: F0, level, rate and pauses over the speech of a clip, then one sentence."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.base import AUDIO_HZ, Sound
from annotators.norms import PUBLISHED, norms_digest, norms_name
from annotators.speech import within_range
from annotators.syllables import HOP, SILENCE_DB, count_syllables, decibels
from annotators.tone_words import LEAST_VOICED, put_into_words
from schemas.errors import AnnotationError
from schemas.maker import Maker
from schemas.norms import Norms
from schemas.speech import Span, Speech, Transcript
from schemas.tone import Tone, ToneMeasures
from schemas.units import Row, Seconds

ENGINE: Final = "prosody"
VERSION: Final = "1"
MIN_PITCH_FRAMES: Final = 10  # 160 ms of voice; fewer make no quantile (ours)
MIN_SLOPE_S: Final = 0.5  # over less, a slope is the movement of one syllable (ours)
MIN_LEVEL_RANGE_DB: Final = 10.0  # espeak-ng has 13 and more, JFK 24; clipped (7) or under noise of
# equal level (7) a fifth to a third of JFK's syllables are lost (ours)
PITCH_DBFS: Final = -20.0  # swift-f0 hears less pitch in quiet recordings: half of it at -60 (ours)
MIN_RATE_S: Final = 1.0  # a count over less is no rate: one syllable more changes it by 25 % (ours)
MAX_WORDS_PER_S: Final = 8.0  # nobody speaks so fast: the words are not those of this sound (ours)

Missing = Literal["no_audio", "no_speech", "too_short"]
_NO_PITCH: Final = (None,) * 5

# Scripts that put no spaces between words: Thai to Burmese, Khmer, kana, CJK ideographs.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_ASIDE = re.compile(r"\[[^\]]*\]|\([^)]*\)")  # "[laughs]" is written, not spoken

TrackPitch = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""[N] samples at 16 kHz -> [max(1, N // 256)] Hz, NaN without a pitch; frame k is at 256 * k."""


class ToneSettings(Row):
    engine: Literal["prosody", "egemaps"] = Field(
        "prosody",
        description="Who measures the voice. prosody: pitch, level, rate and pauses; egemaps: "
        "the 88 functionals of eGeMAPSv02 by openSMILE, for research only.",
    )
    norms: str = Field(
        PUBLISHED,
        description="What a voice is held against in words: published norms, or a file that "
        "`merr norms` wrote.",
    )
    min_speech_s: Seconds = Field(0.3, description="With less speech there is no tone, in seconds.")


DEFAULTS: Final = ToneSettings()


@dataclass(frozen=True, eq=False)
class Voice:
    """The sound from the start of the first span to the end of the last."""

    samples: NDArray[np.float32]  # [N]
    spoken: NDArray[np.bool_]  # [N] inside a span

    @property
    def speech_s(self) -> float:
        return int(self.spoken.sum()) / AUDIO_HZ

    @property
    def level_dbfs(self) -> float:
        """RMS of the spans; SILENCE_DB without any."""
        power = np.square(self.samples[self.spoken], dtype=np.float64)
        return float(decibels(power.mean())) if len(power) else SILENCE_DB

    @classmethod
    def of(cls, sound: Sound, spans: tuple[Span, ...]) -> "Voice":
        spoken = np.zeros(len(sound.samples), bool)
        for span in spans:
            start, end = (
                round(max(0.0, t - sound.start_s) * AUDIO_HZ) for t in (span.start_s, span.end_s)
            )
            spoken[start:end] = True
        inside = np.flatnonzero(spoken)
        cut = slice(inside[0], inside[-1] + 1) if len(inside) else slice(0, 0)
        return cls(samples=within_range(sound.samples[cut]), spoken=spoken[cut])


def describe_tone(
    clip_id: str,
    sound: Sound | None,
    speech: Speech,
    track_pitch: TrackPitch,
    *,
    settings: ToneSettings = DEFAULTS,
    norms: Norms | None = None,
    model: str | None = None,
) -> Tone:
    """Measures over the spans of `speech` and their words; `model` names the weights.

    Without `norms` one sentence by the published ones; with them a second one compares.

    Raises AnnotationError when the pitch model breaks its contract.
    """
    made_by = Maker(engine=ENGINE, version=VERSION, model=model, prompt=norms_digest(norms))
    voice = hear(sound, speech, settings)
    if not isinstance(voice, Voice):
        return no_tone(clip_id, made_by, voice, norms)
    f0 = _f0(clip_id, voice, track_pitch)
    measures = _measure(voice, f0, speech.transcript)
    return Tone(
        clip_id=clip_id,
        made_by=made_by,
        measures=measures,
        description=put_into_words(measures, norms),
        missing=None,
        norms=norms_name(norms),
    )


def no_tone(clip_id: str, made_by: Maker, missing: Missing, norms: Norms | None) -> Tone:
    return Tone(
        clip_id=clip_id,
        made_by=made_by,
        measures=None,
        description=None,
        missing=missing,
        norms=norms_name(norms),
    )


def hear(sound: Sound | None, speech: Speech, settings: ToneSettings) -> Voice | Missing:
    """The speech of a clip, or why there is none to measure."""
    if sound is None or not len(sound.samples) or speech.voiced is None:
        return "no_audio"
    voice = Voice.of(sound, speech.voiced)
    if voice.level_dbfs <= SILENCE_DB:  # no span, or spans over digital silence
        return "no_speech"
    return voice if voice.speech_s >= settings.min_speech_s else "too_short"


def with_words(tone: Tone, words: Transcript, norms: Norms | None) -> Tone:
    """The tone of a voice whose words came after it was measured, as if they had been there."""
    if tone.measures is None:
        return tone
    speech_s = tone.measures.speech_s
    words_per_s = rate(count_words(words), speech_s, at_most=MAX_WORDS_PER_S)
    measures = tone.measures.model_copy(update={"words_per_s": words_per_s})
    description = put_into_words(measures, norms, tone.egemaps)
    return tone.model_copy(update={"measures": measures, "description": description})


def _f0(clip_id: str, voice: Voice, track_pitch: TrackPitch) -> NDArray[np.float64]:
    """[F] Hz, NaN without a pitch or outside the spans, for the speech at PITCH_DBFS."""
    gain = 10 ** ((PITCH_DBFS - voice.level_dbfs) / 20)
    f0 = track_pitch(within_range((voice.samples * gain).astype(np.float32)))
    expected = max(1, len(voice.samples) // HOP)
    if f0.shape != (expected,):
        raise AnnotationError(f"{clip_id}: pitch model gave shape {f0.shape}, not ({expected},)")
    return np.where(voice.spoken[: expected * HOP : HOP], f0, np.nan)


def _measure(voice: Voice, f0: NDArray[np.float64], words: Transcript | None) -> ToneMeasures:
    speech_s = voice.speech_s
    frames = int(np.count_nonzero(voice.spoken[: len(f0) * HOP : HOP]))
    voiced_share = np.count_nonzero(np.isfinite(f0)) / frames if frames else 0.0
    median, low, high, sd, slope = _pitch(f0) if voiced_share >= LEAST_VOICED else _NO_PITCH
    range_db = level_range(voice)
    syllables = None
    if range_db is not None and range_db >= MIN_LEVEL_RANGE_DB:
        syllables = count_syllables(voice.samples, voice.spoken, f0)
    return ToneMeasures(
        speech_s=round(speech_s, 3),
        f0_median_hz=median,
        f0_low_hz=low,
        f0_high_hz=high,
        f0_sd_semitones=sd,
        f0_slope_semitones_per_s=slope,
        voiced_share=round(voiced_share, 3),
        level_dbfs=round(voice.level_dbfs, 1),
        level_range_db=range_db,
        words_per_s=rate(count_words(words), speech_s, at_most=MAX_WORDS_PER_S),
        syllables_per_s=rate(syllables, speech_s),
        pause_share=round(1 - float(voice.spoken.mean()), 3),
    )


def _pitch(f0: NDArray[np.float64]) -> tuple[float | None, ...]:
    """[F] -> median, 10 %, 90 % in Hz, sd in semitones, slope in semitones per second.

    Octave errors are cut off below 0.75 of the lower and above 2.5 of the upper quartile (De Looze
    & Hirst 2008; 2.5 for expressive speech: Hirst 2011).
    """
    heard = f0[np.isfinite(f0)]
    if len(heard) < MIN_PITCH_FRAMES:
        return _NO_PITCH
    lower, upper = np.quantile(heard, [0.25, 0.75])
    f0 = np.where((f0 >= 0.75 * lower) & (f0 <= 2.5 * upper), f0, np.nan)
    at = np.flatnonzero(np.isfinite(f0))
    median, low, high = np.quantile(f0[at], [0.5, 0.1, 0.9])
    semitones = 12 * np.log2(f0[at] / median)
    digits = ((median, 1), (low, 1), (high, 1), (semitones.std(), 2))
    told = tuple(round(float(value), places) for value, places in digits)
    return (*told, _slope(at * HOP / AUDIO_HZ, semitones))


def _slope(t_s: NDArray[np.float64], semitones: NDArray[np.float64]) -> float | None:
    if t_s[-1] - t_s[0] < MIN_SLOPE_S:
        return None
    line = np.polynomial.Polynomial.fit(t_s, semitones, 1).convert()
    return round(float(line.coef[-1]), 2) if len(line.coef) == 2 else 0.0


def level_range(voice: Voice) -> float | None:
    """90 % - 10 % quantile of the RMS of 50 ms frames inside the spans; None under ten frames."""
    size = AUDIO_HZ // 20
    whole = len(voice.samples) // size * size
    inside = voice.spoken[:whole].reshape(-1, size).all(axis=1)
    frames = voice.samples[:whole].reshape(-1, size)[inside]
    if len(frames) < 10:
        return None
    low, high = np.quantile(decibels(np.square(frames, dtype=np.float64).mean(axis=1)), [0.1, 0.9])
    return round(float(high - low), 1)


def rate(count: int | None, speech_s: float, *, at_most: float = np.inf) -> float | None:
    """Per second of speech; None without a count, in less than MIN_RATE_S, or above `at_most`."""
    if not count or speech_s < MIN_RATE_S or count / speech_s > at_most:
        return None
    return round(count / speech_s, 2)


def count_words(words: Transcript | None) -> int | None:
    """Words between spaces; None without words and for scripts that do not part them."""
    if words is None or _UNSPACED.search(words.text):
        return None
    spoken = _ASIDE.sub(" ", words.text).split()
    return sum(any(letter.isalnum() for letter in word) for word in spoken) or None
