"""How a voice sounds: measured, then put into words by norms. Never a guessed emotion."""

from typing import Literal

from schemas.egemaps import Egemaps
from schemas.maker import Maker
from schemas.units import Decibels, Hertz, Probability, Row, Seconds, Semitones


class ToneMeasures(Row):
    """Over the voiced spans of a clip."""

    speech_s: Seconds  # length of the spans
    f0_median_hz: Hertz | None  # None: too few voiced frames to tell
    f0_low_hz: Hertz | None  # 10 % quantile
    f0_high_hz: Hertz | None  # 90 % quantile
    f0_sd_semitones: Semitones | None
    f0_slope_semitones_per_s: float | None
    voiced_share: Probability  # frames with a pitch / frames of the spans
    level_dbfs: Decibels  # RMS of the spans, 0 = full scale
    level_range_db: Decibels | None  # 90 % - 10 % quantile of 50 ms frames
    words_per_s: float | None  # from the transcript; None without one
    syllables_per_s: float | None  # nuclei heard; None when it cannot be told
    pause_share: Probability  # silence between the first and the last span


class Tone(Row):
    clip_id: str
    made_by: Maker
    measures: ToneMeasures | None
    description: str | None  # one sentence; None exactly when `measures` is None
    missing: Literal["no_audio", "no_speech", "too_short"] | None  # why there is no tone
    norms: str | None = None  # what its words rest on; the digest is in made_by.prompt
    egemaps: Egemaps | None = None  # only where the engine is egemaps
