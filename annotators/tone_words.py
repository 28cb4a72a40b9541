"""The measures of a voice in words. Published norms and words are data: phrases/tone.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from math import inf
from typing import Any, Final

from annotators.norm_words import compare
from schemas.egemaps import Egemaps
from schemas.norms import Norms
from schemas.tone import ToneMeasures

LEAST_VOICED: Final = 0.1  # share of the speech; below, its pitches are strays: espeak-ng's whisper
# has 0.00, its voices 0.6-0.8, JFK's speech 0.54 (ours)
PAUSES_FROM_S: Final = 3.0  # in less time a voice has hardly a chance to pause (ours)


def put_into_words(
    measures: ToneMeasures, norms: Norms | None = None, features: Egemaps | None = None
) -> str:
    """By published norms one sentence; what could not be told is left out.

    By norms of a corpus two: the pitch by published norms, since a corpus of many people would
    tell who speaks, not how; then what stands out against the corpus.
    """
    if norms is None:
        return _by_published_norms(measures)
    values = measures.model_dump() | (features.model_dump() if features else {})
    compared = compare(values, norms, f0_median_hz=measures.f0_median_hz)
    return f"{_pitch(measures)}. {compared}"


def _pitch(measures: ToneMeasures) -> str:
    pitch = measures.f0_median_hz
    if pitch is None:
        return _without_pitch(measures)
    return f"The voice is {_word('pitch', pitch)} (median {pitch:.0f} Hz)"


def _by_published_norms(measures: ToneMeasures) -> str:
    tempo = _tempo(measures)
    if measures.f0_median_hz is None or measures.f0_sd_semitones is None:
        level = f", recorded at {_word('level', measures.level_dbfs)} level"
        return f"{_without_pitch(measures)}{tempo or level}."
    movement = measures.f0_sd_semitones
    return (
        f"{_pitch(measures)} and "
        f"{_word('movement', movement)} (SD {movement:.1f} semitones){tempo}."
    )


def _without_pitch(measures: ToneMeasures) -> str:
    if measures.voiced_share >= LEAST_VOICED:
        return f"The voice is heard for {measures.speech_s:.1f} s, too short to tell its pitch"
    if measures.voiced_share < 0.005:
        return "No pitch is heard in the voice"
    return f"Little pitch is heard in the voice ({measures.voiced_share:.0%} of the speech)"


def _tempo(measures: ToneMeasures) -> str:
    """For example ", at a quick 5.6 syllables per second with few pauses"; only what is known."""
    said = ""
    for unit, rate in (("syllables", measures.syllables_per_s), ("words", measures.words_per_s)):
        if rate is not None and not said:
            said = f", at a {_word(unit, rate)} {rate:.1f} {unit} per second"
    if measures.speech_s < PAUSES_FROM_S * (1 - measures.pause_share):
        return said
    pauses = _word("pauses", measures.pause_share)
    return f"{said}{' ' if said else ', '}{pauses}" if pauses else said


def _word(scale: str, value: float) -> str | None:
    """Words of the first step of a scale that ends above the value; None: nothing to say."""
    steps = _norms()[scale]
    words: str | None = next(s for s in steps if value < s.get("below", inf)).get("words")
    return words


@cache
def _norms() -> dict[str, Any]:
    return tomllib.loads((files("annotators") / "phrases" / "tone.toml").read_text("utf-8"))
