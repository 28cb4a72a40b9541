"""How a voice sounds by the field's features: eGeMAPS functionals, and what they say in words.

Measured is the sound from the first to the last span of speech, as one piece: the features hold
the pauses by definition ("unvoiced regions, approximating pauses", Eyben et al. 2016), and spans
put end to end would jump in pitch and level at every seam.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import AUDIO_HZ, Sound
from annotators.norms import norms_digest, norms_name
from annotators.tone import (
    DEFAULTS,
    MAX_WORDS_PER_S,
    ToneSettings,
    Voice,
    count_words,
    hear,
    level_range,
    no_tone,
    rate,
)
from annotators.tone_words import LEAST_VOICED, put_into_words
from schemas.egemaps import Egemaps, column_of
from schemas.errors import AnnotationError
from schemas.maker import Maker
from schemas.norms import Norms
from schemas.speech import Speech, Transcript
from schemas.tone import Tone, ToneMeasures

ENGINE: Final = "egemaps"
VERSION: Final = "1"
LEAST_SAMPLES: Final = AUDIO_HZ * 60 // 1000  # the window of its pitch; less gives no functional

_SEMITONES_FROM_HZ: Final = 27.5
_COUNTS: Final = ("loudnessPeaksPerSec", "VoicedSegmentsPerSec")  # whose 0 is a measure
_NO_AMPLITUDE_DB: Final = -201.0  # openSMILE's floor where no frame has a formant

Extract = Callable[[NDArray[np.float32]], Mapping[str, float]]
"""[N] samples at 16 kHz in -1..1 -> the 88 functionals by openSMILE's names, NaN where it has
none."""


def describe_egemaps(
    clip_id: str,
    sound: Sound | None,
    speech: Speech,
    extract: Extract,
    *,
    settings: ToneSettings = DEFAULTS,
    norms: Norms | None = None,
    model: str | None = None,
) -> Tone:
    """The functionals, the measures that follow from them, and one or two sentences.

    Raises AnnotationError when `extract` gives other functionals than eGeMAPSv02 has.
    """
    made_by = Maker(engine=ENGINE, version=VERSION, model=model, prompt=norms_digest(norms))
    voice = hear(sound, speech, settings)
    if isinstance(voice, Voice) and len(voice.samples) < LEAST_SAMPLES:
        voice = "too_short"
    if not isinstance(voice, Voice):
        return no_tone(clip_id, made_by, voice, norms)
    features = to_columns(clip_id, extract(voice.samples))
    measures = _measure(voice, features, speech.transcript)
    return Tone(
        clip_id=clip_id,
        made_by=made_by,
        measures=measures,
        description=put_into_words(measures, norms, features),
        missing=None,
        norms=norms_name(norms),
        egemaps=features,
    )


def to_columns(clip_id: str, functionals: Mapping[str, float]) -> Egemaps:
    """Under the names of columns; None for what openSMILE had nothing to take from."""
    values = {column_of(name): _known(name, value) for name, value in functionals.items()}
    strange = set(values) ^ set(Egemaps.model_fields)
    if strange:
        raise AnnotationError(f"{clip_id}: not the functionals of eGeMAPSv02: {sorted(strange)}")
    return Egemaps(**values)


def _known(name: str, value: float) -> float | None:
    """openSMILE fills in 0, or its floor, for what it could not measure: no voiced frame, no
    rising slope, one segment only. In a recorded voice nothing but a count is 0 exactly."""
    if not math.isfinite(value) or (value == 0 and name not in _COUNTS):
        return None
    return None if "amplitude" in name and value == _NO_AMPLITUDE_DB else value


def _measure(voice: Voice, features: Egemaps, words: Transcript | None) -> ToneMeasures:
    voiced_share = _voiced_share(voice, features)
    median, sd = _pitch(features) if voiced_share >= LEAST_VOICED else (None, None)
    words_per_s = rate(count_words(words), voice.speech_s, at_most=MAX_WORDS_PER_S)
    return ToneMeasures(
        speech_s=round(voice.speech_s, 3),
        f0_median_hz=median,
        f0_low_hz=None,
        f0_high_hz=None,
        f0_sd_semitones=sd,
        f0_slope_semitones_per_s=None,
        voiced_share=voiced_share,
        level_dbfs=round(voice.level_dbfs, 1),
        level_range_db=level_range(voice),
        words_per_s=words_per_s,
        syllables_per_s=None,
        pause_share=round(1 - float(voice.spoken.mean()), 3),
    )


def _voiced_share(voice: Voice, features: Egemaps) -> float:
    """Length of all voiced segments / length of the spans, at most 1."""
    per_s, length_s = features.VoicedSegmentsPerSec, features.MeanVoicedSegmentLengthSec
    if per_s is None or length_s is None:
        return 0.0
    voiced_s = per_s * length_s * len(voice.samples) / AUDIO_HZ
    return round(min(1.0, voiced_s / voice.speech_s), 3)


def _pitch(features: Egemaps) -> tuple[float | None, float | None]:
    """Median in Hz, standard deviation in semitones."""
    median = features.F0semitoneFrom27_5Hz_sma3nz_percentile50_0
    mean = features.F0semitoneFrom27_5Hz_sma3nz_amean
    variation = features.F0semitoneFrom27_5Hz_sma3nz_stddevNorm
    if median is None or mean is None:
        return None, None
    sd = None if variation is None else round(variation * mean, 2)
    return round(_SEMITONES_FROM_HZ * 2 ** (median / 12), 1), sd
