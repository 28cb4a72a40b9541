"""The 88 functionals of eGeMAPSv02, under openSMILE's own names.

A name becomes a column by "_" for every character that no Python name may hold: "." and "-".
What each means: Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for
Voice Research and Affective Computing", IEEE Trans. Affective Computing 7, 190-202.
"""

import re
from typing import Annotated, Final

from schemas.units import Decibels, Row, Seconds, Semitones, Unit

SemitonesPerSecond = Annotated[float, Unit("semitone/s")]
Loudness = Annotated[float, Unit("openSMILE loudness")]  # of an auditory spectrum; no sone
LoudnessPerSecond = Annotated[float, Unit("openSMILE loudness/s")]
PerSecond = Annotated[float, Unit("1/s")]
FormantHertz = Annotated[float, Unit("Hz")]
DecibelsPerHertz = Annotated[float, Unit("dB/Hz")]
Variation = Annotated[float, Unit("1")]  # standard deviation / mean; large where the mean is near 0
Plain = Annotated[float, Unit("1")]


def column_of(functional: str) -> str:
    """ "F0semitoneFrom27.5Hz_sma3nz_amean" -> "F0semitoneFrom27_5Hz_sma3nz_amean"."""
    return re.sub(r"\W", "_", functional)


class Egemaps(Row):
    """Over the sound from the first to the last span of speech; None: openSMILE had nothing to
    take it from."""

    F0semitoneFrom27_5Hz_sma3nz_amean: Semitones | None = None
    F0semitoneFrom27_5Hz_sma3nz_stddevNorm: Variation | None = None
    F0semitoneFrom27_5Hz_sma3nz_percentile20_0: Semitones | None = None
    F0semitoneFrom27_5Hz_sma3nz_percentile50_0: Semitones | None = None
    F0semitoneFrom27_5Hz_sma3nz_percentile80_0: Semitones | None = None
    F0semitoneFrom27_5Hz_sma3nz_pctlrange0_2: Semitones | None = None
    F0semitoneFrom27_5Hz_sma3nz_meanRisingSlope: SemitonesPerSecond | None = None
    F0semitoneFrom27_5Hz_sma3nz_stddevRisingSlope: SemitonesPerSecond | None = None
    F0semitoneFrom27_5Hz_sma3nz_meanFallingSlope: SemitonesPerSecond | None = None
    F0semitoneFrom27_5Hz_sma3nz_stddevFallingSlope: SemitonesPerSecond | None = None
    loudness_sma3_amean: Loudness | None = None
    loudness_sma3_stddevNorm: Variation | None = None
    loudness_sma3_percentile20_0: Loudness | None = None
    loudness_sma3_percentile50_0: Loudness | None = None
    loudness_sma3_percentile80_0: Loudness | None = None
    loudness_sma3_pctlrange0_2: Loudness | None = None
    loudness_sma3_meanRisingSlope: LoudnessPerSecond | None = None
    loudness_sma3_stddevRisingSlope: LoudnessPerSecond | None = None
    loudness_sma3_meanFallingSlope: LoudnessPerSecond | None = None
    loudness_sma3_stddevFallingSlope: LoudnessPerSecond | None = None
    spectralFlux_sma3_amean: Plain | None = None
    spectralFlux_sma3_stddevNorm: Variation | None = None
    mfcc1_sma3_amean: Plain | None = None
    mfcc1_sma3_stddevNorm: Variation | None = None
    mfcc2_sma3_amean: Plain | None = None
    mfcc2_sma3_stddevNorm: Variation | None = None
    mfcc3_sma3_amean: Plain | None = None
    mfcc3_sma3_stddevNorm: Variation | None = None
    mfcc4_sma3_amean: Plain | None = None
    mfcc4_sma3_stddevNorm: Variation | None = None
    jitterLocal_sma3nz_amean: Plain | None = None
    jitterLocal_sma3nz_stddevNorm: Variation | None = None
    shimmerLocaldB_sma3nz_amean: Decibels | None = None
    shimmerLocaldB_sma3nz_stddevNorm: Variation | None = None
    HNRdBACF_sma3nz_amean: Decibels | None = None
    HNRdBACF_sma3nz_stddevNorm: Variation | None = None
    logRelF0_H1_H2_sma3nz_amean: Decibels | None = None
    logRelF0_H1_H2_sma3nz_stddevNorm: Variation | None = None
    logRelF0_H1_A3_sma3nz_amean: Decibels | None = None
    logRelF0_H1_A3_sma3nz_stddevNorm: Variation | None = None
    F1frequency_sma3nz_amean: FormantHertz | None = None
    F1frequency_sma3nz_stddevNorm: Variation | None = None
    F1bandwidth_sma3nz_amean: FormantHertz | None = None
    F1bandwidth_sma3nz_stddevNorm: Variation | None = None
    F1amplitudeLogRelF0_sma3nz_amean: Decibels | None = None
    F1amplitudeLogRelF0_sma3nz_stddevNorm: Variation | None = None
    F2frequency_sma3nz_amean: FormantHertz | None = None
    F2frequency_sma3nz_stddevNorm: Variation | None = None
    F2bandwidth_sma3nz_amean: FormantHertz | None = None
    F2bandwidth_sma3nz_stddevNorm: Variation | None = None
    F2amplitudeLogRelF0_sma3nz_amean: Decibels | None = None
    F2amplitudeLogRelF0_sma3nz_stddevNorm: Variation | None = None
    F3frequency_sma3nz_amean: FormantHertz | None = None
    F3frequency_sma3nz_stddevNorm: Variation | None = None
    F3bandwidth_sma3nz_amean: FormantHertz | None = None
    F3bandwidth_sma3nz_stddevNorm: Variation | None = None
    F3amplitudeLogRelF0_sma3nz_amean: Decibels | None = None
    F3amplitudeLogRelF0_sma3nz_stddevNorm: Variation | None = None
    alphaRatioV_sma3nz_amean: Decibels | None = None
    alphaRatioV_sma3nz_stddevNorm: Variation | None = None
    hammarbergIndexV_sma3nz_amean: Decibels | None = None
    hammarbergIndexV_sma3nz_stddevNorm: Variation | None = None
    slopeV0_500_sma3nz_amean: DecibelsPerHertz | None = None
    slopeV0_500_sma3nz_stddevNorm: Variation | None = None
    slopeV500_1500_sma3nz_amean: DecibelsPerHertz | None = None
    slopeV500_1500_sma3nz_stddevNorm: Variation | None = None
    spectralFluxV_sma3nz_amean: Plain | None = None
    spectralFluxV_sma3nz_stddevNorm: Variation | None = None
    mfcc1V_sma3nz_amean: Plain | None = None
    mfcc1V_sma3nz_stddevNorm: Variation | None = None
    mfcc2V_sma3nz_amean: Plain | None = None
    mfcc2V_sma3nz_stddevNorm: Variation | None = None
    mfcc3V_sma3nz_amean: Plain | None = None
    mfcc3V_sma3nz_stddevNorm: Variation | None = None
    mfcc4V_sma3nz_amean: Plain | None = None
    mfcc4V_sma3nz_stddevNorm: Variation | None = None
    alphaRatioUV_sma3nz_amean: Decibels | None = None
    hammarbergIndexUV_sma3nz_amean: Decibels | None = None
    slopeUV0_500_sma3nz_amean: DecibelsPerHertz | None = None
    slopeUV500_1500_sma3nz_amean: DecibelsPerHertz | None = None
    spectralFluxUV_sma3nz_amean: Plain | None = None
    loudnessPeaksPerSec: PerSecond | None = None
    VoicedSegmentsPerSec: PerSecond | None = None
    MeanVoicedSegmentLengthSec: Seconds | None = None
    StddevVoicedSegmentLengthSec: Seconds | None = None
    MeanUnvoicedSegmentLength: Seconds | None = None
    StddevUnvoicedSegmentLength: Seconds | None = None
    equivalentSoundLevel_dBp: Decibels | None = None


# Those that our sentences speak of, so that clues cite them; the rest is for models.
CITED: Final = (
    "loudness_sma3_amean",
    "jitterLocal_sma3nz_amean",
    "shimmerLocaldB_sma3nz_amean",
    "HNRdBACF_sma3nz_amean",
    "alphaRatioV_sma3nz_amean",
    "VoicedSegmentsPerSec",
)
