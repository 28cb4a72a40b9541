"""Tone by eGeMAPS: functionals become columns, what openSMILE could not measure becomes null."""

import math

import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from annotators.egemaps import LEAST_SAMPLES, describe_egemaps, to_columns
from annotators.models.egemaps import egemaps_installed, load_egemaps
from annotators.tone import ToneSettings
from schemas.arrow import arrow_schema
from schemas.egemaps import Egemaps, column_of
from schemas.errors import AnnotationError
from schemas.maker import Maker
from schemas.speech import Span, Speech, Transcript

ALL = tuple(Egemaps.model_fields)
needs_opensmile = pytest.mark.skipif(
    egemaps_installed() is None,
    reason="opensmile is not installed: merr engines install egemaps",
)


def harmonic(f0_hz, seconds, *, gain=0.1):
    """A buzz: ten harmonics, each weaker than the one before."""
    t = np.arange(round(seconds * AUDIO_HZ)) / AUDIO_HZ
    return gain * sum(np.sin(2 * np.pi * f0_hz * k * t) / k for k in range(1, 11))


def sound_of(samples):
    return Sound(np.asarray(samples, np.float32))


def speech_of(*spans, text=None):
    words = text and Transcript(text=text, language=None, source="subtitles", cues=())
    return Speech(
        clip_id="c",
        made_by=Maker(engine="fake", version="1"),
        voiced=tuple(Span(start_s=a, end_s=b) for a, b in spans),
        voice_probability=0.9,
        transcript=words or None,
    )


def functionals(**changes):
    """A voice with a median pitch of 220 Hz that is voiced half of the time."""
    values = dict.fromkeys(ALL, 0.5) | {
        "F0semitoneFrom27_5Hz_sma3nz_percentile50_0": 36.0,
        "F0semitoneFrom27_5Hz_sma3nz_amean": 36.0,
        "F0semitoneFrom27_5Hz_sma3nz_stddevNorm": 0.1,
        "VoicedSegmentsPerSec": 2.0,
        "MeanVoicedSegmentLengthSec": 0.25,
    }
    return values | changes


def tone_of(samples, *spans, text=None, settings=None, **changes):
    return describe_egemaps(
        "c",
        sound_of(samples),
        speech_of(*spans, text=text),
        lambda _: functionals(**changes),
        settings=settings or ToneSettings(engine="egemaps"),
    )


def test_the_measures_that_follow_from_the_functionals_have_their_usual_names():
    measures = tone_of(harmonic(220, 2), (0, 2)).measures
    assert measures.f0_median_hz == 220
    assert measures.f0_sd_semitones == pytest.approx(3.6)
    assert measures.voiced_share == 0.5
    assert (measures.speech_s, measures.pause_share) == (2, 0)
    assert (measures.f0_low_hz, measures.syllables_per_s) == (None, None)


def test_the_sentence_says_only_what_has_published_norms():
    tone = tone_of(harmonic(220, 4), (0, 4), text="one two three four five six seven eight")
    assert tone.description == (
        "The voice is high-pitched (median 220 Hz) and moves moderately in pitch (SD 3.6 "
        "semitones), at a slow 2.0 words per second with few pauses."
    )
    assert (tone.made_by.engine, tone.missing) == ("egemaps", None)
    assert (tone.norms, len(tone.made_by.prompt)) == ("published", 64)


def test_what_is_heard_reaches_from_the_first_to_the_last_span():
    heard = []
    samples = np.arange(3 * AUDIO_HZ) / (3 * AUDIO_HZ)
    describe_egemaps(
        "c",
        sound_of(samples),
        speech_of((0.5, 1), (2, 2.5)),
        lambda s: heard.append(s) or functionals(),
    )
    np.testing.assert_array_equal(
        heard[0], samples[AUDIO_HZ // 2 : 5 * AUDIO_HZ // 2].astype(np.float32)
    )


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [
        ("jitterLocal_sma3nz_amean", 0.0, None),
        ("jitterLocal_sma3nz_amean", math.nan, None),
        ("jitterLocal_sma3nz_amean", math.inf, None),
        ("jitterLocal_sma3nz_amean", 1e-9, 1e-9),
        ("StddevVoicedSegmentLengthSec", 0.0, None),
        ("F3amplitudeLogRelF0_sma3nz_amean", -201.0, None),
        ("F3amplitudeLogRelF0_sma3nz_amean", -70.5, -70.5),
        ("alphaRatioV_sma3nz_amean", -201.0, -201.0),
        ("VoicedSegmentsPerSec", 0.0, 0.0),
        ("loudnessPeaksPerSec", 0.0, 0.0),
        ("loudnessPeaksPerSec", math.nan, None),
    ],
)
def test_what_opensmile_had_nothing_to_take_from_is_null_and_a_count_of_none_is_none(
    name, value, column
):
    assert getattr(to_columns("c", functionals(**{name: value})), name) == column


@pytest.mark.parametrize(
    "broken", [{"jitter": 1.0}, {}], ids=["one too many", "all but those of nobody"]
)
def test_other_functionals_than_those_of_egemaps_are_refused(broken):
    values = functionals() | broken if broken else {"F0": 1.0}
    with pytest.raises(AnnotationError, match="c: not the functionals of eGeMAPSv02: "):
        to_columns("c", values)


@pytest.mark.parametrize(
    "changes",
    [
        {"F0semitoneFrom27_5Hz_sma3nz_percentile50_0": 0.0},
        {"MeanVoicedSegmentLengthSec": 0.01},
        {"VoicedSegmentsPerSec": 0.0, "MeanVoicedSegmentLengthSec": 0.0},
    ],
    ids=["no pitch", "strays", "no voiced segment"],
)
def test_without_enough_voice_there_is_no_pitch(changes):
    tone = tone_of(harmonic(220, 2), (0, 2), **changes)
    assert tone.measures.f0_median_hz is None
    assert "median" not in tone.description


@pytest.mark.parametrize(
    ("samples", "spans", "settings", "missing"),
    [
        ([], (), {}, "no_audio"),
        (np.zeros(AUDIO_HZ), ((0, 1),), {}, "no_speech"),
        (harmonic(220, 1), ((0, 0.2),), {}, "too_short"),
        (harmonic(220, 1), ((0, 0.05),), {"min_speech_s": 0}, "too_short"),
    ],
    ids=["empty", "silence", "below the setting", "below the window of its pitch"],
)
def test_without_a_voice_there_is_no_functional_and_nobody_is_asked(
    samples, spans, settings, missing
):
    asked = []
    tone = describe_egemaps(
        "c",
        sound_of(samples),
        speech_of(*spans),
        asked.append,
        settings=ToneSettings(engine="egemaps", **settings),
    )
    assert (tone.measures, tone.description, tone.egemaps, asked) == (None, None, None, [])
    assert tone.missing == missing


def test_every_functional_has_a_unit_in_the_arrow_metadata():
    units = {field.name: field.metadata[b"unit"] for field in arrow_schema(Egemaps)}
    assert len(units) == 88
    assert units["F0semitoneFrom27_5Hz_sma3nz_amean"] == b"semitone"
    assert units["F1frequency_sma3nz_amean"] == b"Hz"
    assert units["MeanUnvoicedSegmentLength"] == b"s"


# ---- the real openSMILE


@pytest.fixture(scope="module")
def smile():
    return load_egemaps()


def heard_by(smile, samples, **settings):
    samples = np.asarray(samples, np.float32)
    whole = speech_of((0, len(samples) / AUDIO_HZ))
    settings = ToneSettings(engine="egemaps", **settings)
    return describe_egemaps(
        "c", sound_of(samples), whole, smile, settings=settings, model=smile.name
    )


@pytest.mark.model
@needs_opensmile
def test_the_columns_are_the_functionals_of_opensmile_in_its_order(smile):
    assert [column_of(name) for name in smile.smile.feature_names] == list(ALL)


@pytest.mark.model
@needs_opensmile
@pytest.mark.parametrize("f0_hz", [80, 110, 220, 440])
def test_the_pitch_of_a_buzz_is_in_semitones_from_27_5_hz(smile, f0_hz):
    tone = heard_by(smile, harmonic(f0_hz, 2))
    semitones = tone.egemaps.F0semitoneFrom27_5Hz_sma3nz_percentile50_0
    assert semitones == pytest.approx(12 * math.log2(f0_hz / 27.5), abs=0.1)
    assert tone.measures.f0_median_hz == pytest.approx(f0_hz, rel=0.005)
    assert tone.measures.voiced_share > 0.9
    assert "opensmile-" in tone.made_by.model


@pytest.mark.model
@needs_opensmile
def test_ten_times_the_amplitude_is_twenty_decibels_more_and_louder(smile):
    soft, loud = (heard_by(smile, harmonic(220, 2, gain=g)).egemaps for g in (0.02, 0.2))
    assert loud.equivalentSoundLevel_dBp - soft.equivalentSoundLevel_dBp == pytest.approx(
        20, abs=0.1
    )
    assert loud.loudness_sma3_amean > 2 * soft.loudness_sma3_amean


@pytest.mark.model
@needs_opensmile
def test_full_scale_does_not_wrap_around(smile):
    square = np.sign(harmonic(220, 1))
    full, nearly = (heard_by(smile, g * square).egemaps for g in (1.0, 0.99))
    assert full.HNRdBACF_sma3nz_amean == pytest.approx(nearly.HNRdBACF_sma3nz_amean, abs=0.5)
    assert full.equivalentSoundLevel_dBp == pytest.approx(0, abs=0.1)


@pytest.mark.model
@needs_opensmile
def test_noise_has_no_voiced_functional_and_none_of_them_is_zero(smile):
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * AUDIO_HZ)
    tone = heard_by(smile, noise)
    voiced = {n: v for n, v in tone.egemaps.model_dump().items() if "nz_" in n and "UV" not in n}
    assert len(voiced) > 40
    assert set(voiced.values()) == {None}
    assert tone.egemaps.VoicedSegmentsPerSec == 0
    assert tone.egemaps.loudness_sma3_amean > 0
    assert tone.description.startswith("No pitch is heard in the voice")


@pytest.mark.model
@needs_opensmile
def test_a_voice_without_a_break_has_no_unvoiced_functional(smile):
    features = heard_by(smile, harmonic(220, 2)).egemaps
    unvoiced = [v for n, v in features.model_dump().items() if "UV" in n or "Unvoiced" in n]
    assert set(unvoiced) == {None}
    assert features.StddevVoicedSegmentLengthSec is None


@pytest.mark.model
@needs_opensmile
@pytest.mark.parametrize("samples", [0, 1, LEAST_SAMPLES - 1, LEAST_SAMPLES, LEAST_SAMPLES + 1])
def test_a_sound_of_any_length_gives_functionals_or_nan_and_no_warning(smile, samples):
    found = smile(harmonic(220, 1)[:samples].astype(np.float32))
    known = [math.isfinite(value) for value in found.values()]
    assert len(known) == 88
    assert set(known) == {samples >= LEAST_SAMPLES}


@pytest.mark.model
@needs_opensmile
def test_samples_that_are_no_number_are_silence(smile):
    samples = harmonic(220, 1).astype(np.float32)
    samples[5000] = np.nan
    tone = heard_by(smile, samples)
    assert tone.measures.f0_median_hz == pytest.approx(220, rel=0.01)


@pytest.mark.model
@needs_opensmile
def test_the_same_sound_gives_the_same_functionals_whatever_came_before(smile):
    first = heard_by(smile, harmonic(180, 1))
    heard_by(smile, harmonic(300, 1))
    assert heard_by(smile, harmonic(180, 1)) == first


@pytest.mark.model
@needs_opensmile
def test_nothing_is_printed_and_no_file_is_left(smile, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    heard_by(smile, harmonic(220, 1))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
