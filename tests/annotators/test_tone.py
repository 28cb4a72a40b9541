import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from annotators.models.pitch import load_pitch
from annotators.syllables import HOP, peaks
from annotators.tone import ToneSettings, count_words, describe_tone
from annotators.tone_words import put_into_words
from schemas.errors import AnnotationError
from schemas.maker import Maker
from schemas.speech import Span, Speech, Transcript
from schemas.tone import ToneMeasures

MEASURES = ToneMeasures(
    speech_s=4.0,
    f0_median_hz=231.0,
    f0_low_hz=180.0,
    f0_high_hz=300.0,
    f0_sd_semitones=4.1,
    f0_slope_semitones_per_s=-1.0,
    voiced_share=0.6,
    level_dbfs=-20.0,
    level_range_db=20.0,
    words_per_s=None,
    syllables_per_s=5.6,
    pause_share=0.05,
)


def harmonic(f0_hz, seconds):
    """A buzz: ten harmonics, each weaker than the one before."""
    t = np.arange(round(seconds * AUDIO_HZ)) / AUDIO_HZ
    return 0.1 * sum(np.sin(2 * np.pi * f0_hz * k * t) / k for k in range(1, 11))


def syllables(f0_hz, per_s, seconds):
    """A buzz that swells and fades `per_s` times a second."""
    t = np.arange(round(seconds * AUDIO_HZ)) / AUDIO_HZ
    return harmonic(f0_hz, seconds) * (0.02 + np.sin(np.pi * per_s * t) ** 2)


def sound_of(samples, start_s=0.0):
    return Sound(np.asarray(samples, np.float32), start_s)


def speech_of(*spans, text=None):
    words = text and Transcript(text=text, language=None, source="subtitles", cues=())
    return Speech(
        clip_id="c",
        made_by=Maker(engine="fake", version="1"),
        voiced=tuple(Span(start_s=a, end_s=b) for a, b in spans),
        voice_probability=0.9,
        transcript=words or None,
    )


def pitch_of(*values):
    """A fake pitch model: these values, repeated to the length of the sound."""
    return lambda samples: np.resize(np.array(values, np.float64), max(1, len(samples) // HOP))


def measures_of(samples, *spans, f0=(200.0,), text=None, start_s=0.0):
    speech = speech_of(*spans, text=text)
    measures = describe_tone("c", sound_of(samples, start_s), speech, pitch_of(*f0)).measures
    assert measures is not None
    return measures


@pytest.mark.parametrize(
    ("sound", "spans", "missing"),
    [
        (None, ((0, 1),), "no_audio"),
        (sound_of([]), (), "no_audio"),
        (sound_of(harmonic(200, 1)), (), "no_speech"),
        (sound_of(np.zeros(AUDIO_HZ)), ((0, 1),), "no_speech"),
        (sound_of(np.full(AUDIO_HZ, 1e-30)), ((0, 1),), "no_speech"),
        (sound_of(harmonic(200, 1)), ((5, 6),), "no_speech"),
        (sound_of(harmonic(200, 1)), ((0, 0.1), (0.5, 0.65)), "too_short"),
    ],
    ids=["none", "empty", "no span", "silence", "below hearing", "span outside", "short"],
)
def test_without_a_voice_nothing_is_measured_and_the_reason_is_given(sound, spans, missing):
    tone = describe_tone("c", sound, speech_of(*spans), pitch_of(200.0))
    assert (tone.measures, tone.description, tone.missing) == (None, None, missing)


def test_speech_that_could_not_be_looked_for_is_missing_audio():
    unheard = speech_of().model_copy(update={"voiced": None})
    tone = describe_tone("c", sound_of(harmonic(200, 1)), unheard, pitch_of(200.0))
    assert tone.missing == "no_audio"


def test_the_shortest_speech_is_a_setting():
    speech, sound = speech_of((0, 0.5)), sound_of(harmonic(200, 1))
    settings = ToneSettings(min_speech_s=0.6)
    tone = describe_tone("c", sound, speech, pitch_of(200.0), settings=settings)
    assert tone.missing == "too_short"


def test_the_quantiles_of_pitch_are_in_hertz():
    measures = measures_of(harmonic(200, 2), (0, 2), f0=(150.0, 200.0, 250.0))
    assert (measures.f0_low_hz, measures.f0_median_hz, measures.f0_high_hz) == (150, 200, 250)


def test_a_pitch_that_hops_by_an_octave_has_an_sd_of_six_semitones():
    measures = measures_of(harmonic(200, 2), (0, 2), f0=(150.0, 300.0))
    assert measures.f0_sd_semitones == pytest.approx(6, abs=0.05)


def test_a_pitch_that_rises_one_octave_in_two_seconds_has_its_slope():
    frames = 2 * AUDIO_HZ // HOP
    rise = 150 * 2 ** (np.arange(frames) / frames)
    measures = measures_of(harmonic(200, 2), (0, 2), f0=rise)
    assert measures.f0_slope_semitones_per_s == pytest.approx(6, abs=0.05)


def test_a_steady_pitch_has_no_movement_and_no_slope():
    measures = measures_of(harmonic(200, 2), (0, 2))
    assert (measures.f0_sd_semitones, measures.f0_slope_semitones_per_s) == (0, 0)


def test_octave_errors_do_not_count_as_movement():
    measures = measures_of(harmonic(200, 2), (0, 2), f0=(*[200.0] * 18, 100.0, 590.0))
    assert measures.f0_sd_semitones == 0
    assert measures.f0_low_hz == 200


def test_pitch_between_the_spans_is_not_the_voice():
    frames = np.full(3 * AUDIO_HZ // HOP, 200.0)
    frames[len(frames) // 3 : 2 * len(frames) // 3] = 230.0
    measures = measures_of(harmonic(200, 3), (0, 0.98), (2.02, 3), f0=frames)
    assert measures.f0_high_hz == 200
    assert measures.voiced_share == 1


@pytest.mark.parametrize("voiced", [1, 5])
def test_a_few_stray_pitches_are_no_pitch(voiced):
    f0 = np.full(2 * AUDIO_HZ // HOP, np.nan)
    f0[:voiced] = 200
    tone = describe_tone("c", sound_of(harmonic(200, 2)), speech_of((0, 2)), pitch_of(*f0))
    assert tone.measures.f0_median_hz is None
    assert tone.measures.f0_sd_semitones is None
    assert tone.measures.voiced_share > 0
    assert tone.description.startswith("Little pitch is heard in the voice (")


def test_the_level_is_the_rms_of_the_spans_alone():
    samples = np.concatenate([np.full(AUDIO_HZ, 0.1), np.full(AUDIO_HZ, 0.9)])
    assert measures_of(samples, (0, 1)).level_dbfs == -20


def test_the_level_range_is_that_of_loud_and_soft_speech():
    soft_and_loud = np.repeat([0.01, 0.1], AUDIO_HZ)
    assert measures_of(soft_and_loud, (0, 2)).level_range_db == pytest.approx(20)
    assert measures_of(np.full(AUDIO_HZ // 2, 0.1), (0, 0.4)).level_range_db is None


def test_pauses_are_the_silence_between_the_first_and_the_last_span():
    assert measures_of(harmonic(200, 5), (1, 2), (3, 4)).pause_share == pytest.approx(
        1 / 3, abs=0.001
    )
    assert measures_of(harmonic(200, 5), (1, 2)).pause_share == 0


def test_overlapping_spans_count_once():
    measures = measures_of(harmonic(200, 3), (0, 1.5), (1, 2))
    assert (measures.speech_s, measures.pause_share) == (2, 0)


def test_spans_are_found_in_a_sound_that_starts_later_than_its_clip():
    samples = np.concatenate([np.full(AUDIO_HZ, 0.1), np.full(AUDIO_HZ, 0.9)])
    assert measures_of(samples, (0.5, 1.5), start_s=0.5).level_dbfs == -20


@pytest.mark.parametrize("per_s", [2, 4, 7])
def test_swells_of_a_voice_are_its_syllables(per_s):
    measures = measures_of(syllables(200, per_s, 3), (0, 3))
    assert measures.syllables_per_s == pytest.approx(per_s, abs=0.34)


def test_swells_without_pitch_are_no_syllables():
    assert measures_of(syllables(200, 4, 3), (0, 3), f0=(np.nan,)).syllables_per_s is None


def test_a_level_without_contour_tells_no_syllables():
    assert measures_of(harmonic(200, 3), (0, 3)).syllables_per_s is None


def test_speech_of_less_than_a_second_has_no_rate():
    measures = measures_of(syllables(200, 4, 0.9), (0, 0.9), text="Go on")
    assert measures.syllables_per_s is None
    assert measures.words_per_s is None


def test_words_are_counted_over_the_time_of_speech():
    measures = measures_of(harmonic(200, 4), (0, 1), (3, 4), text="What can you do?")
    assert measures.words_per_s == 2


def test_more_words_than_anybody_can_say_are_not_of_this_sound():
    assert measures_of(harmonic(200, 1), (0, 1), text="so " * 9).words_per_s is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask not what", 3),
        ("Well - don't!", 2),
        ("[laughs] No. (sighs)", 1),
        ("Что ты делаешь?", 3),
        ("너 뭐 해", 3),
        ("你在做什么", None),
        ("何をしている", None),
        ("คุณทำอะไร", None),
        ("...", None),
        ("[music]", None),
    ],
)
def test_words_are_counted_where_spaces_part_them(text, words):
    assert count_words(speech_of(text=text).transcript) == words


def test_no_transcript_has_no_words():
    assert count_words(None) is None


@pytest.mark.parametrize(
    ("level", "found"),
    [
        ([], []),
        ([5], [0]),
        ([0, 5, 0], [1]),
        ([0, 5, 4, 5.5, 0], [3]),
        ([0, 5, 2, 6, 0, 3], [1, 3, 5]),
        ([9, 8, 7, 6], [0]),
    ],
)
def test_a_peak_has_a_dip_of_two_decibels_on_both_sides(level, found):
    assert peaks(np.array(level, np.float64), dip=2) == found


def test_a_pitch_model_that_skips_frames_is_refused():
    with pytest.raises(AnnotationError, match=r"c: pitch model gave shape \(3,\), not \(62,\)"):
        describe_tone("c", sound_of(harmonic(200, 1)), speech_of((0, 1)), lambda _: np.ones(3))


def test_the_pitch_model_hears_every_recording_at_one_level():
    heard = []
    for gain in (1, 0.01):
        describe_tone(
            "c",
            sound_of(gain * harmonic(200, 1)),
            speech_of((0, 1)),
            lambda samples: heard.append(samples) or pitch_of(200.0)(samples),
        )
    np.testing.assert_allclose(heard[0], heard[1], atol=1e-5)


def test_a_voice_is_put_into_one_sentence_with_its_figures():
    assert put_into_words(MEASURES) == (
        "The voice is high-pitched (median 231 Hz) and moves widely in pitch (SD 4.1 semitones), "
        "at a quick 5.6 syllables per second with few pauses."
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"f0_median_hz": 80}, "very low-pitched (median 80 Hz)"),
        ({"f0_median_hz": 120}, "is low-pitched (median 120 Hz)"),
        ({"f0_median_hz": 190}, "mid-pitched (median 190 Hz)"),
        ({"f0_median_hz": 290}, "very high-pitched (median 290 Hz)"),
        ({"f0_sd_semitones": 1.2}, "stays nearly level in pitch (SD 1.2 semitones)"),
        ({"f0_sd_semitones": 1.8}, "moves little in pitch"),
        ({"f0_sd_semitones": 2.6}, "moves moderately in pitch"),
        ({"syllables_per_s": 3.0}, "at a slow 3.0 syllables per second"),
        ({"syllables_per_s": 4.5}, "at a moderate 4.5 syllables per second"),
        ({"syllables_per_s": None, "words_per_s": 4.6}, "at a quick 4.6 words per second"),
        ({"syllables_per_s": None}, "semitones), with few pauses."),
        ({"pause_share": 0.2}, "syllables per second."),
        ({"pause_share": 0.4}, "with many pauses."),
        ({"speech_s": 2.0}, "syllables per second."),
        ({"f0_median_hz": None, "voiced_share": 0.08}, "voice (8% of the speech), at a quick"),
        ({"f0_median_hz": None, "voiced_share": 0}, "No pitch is heard in the voice, at a quick"),
        ({"f0_median_hz": None, "voiced_share": 0.4}, "too short to tell its pitch"),
        (
            {"f0_median_hz": None, "syllables_per_s": None, "speech_s": 0.5, "level_dbfs": -41},
            "recorded at a low level.",
        ),
    ],
)
def test_each_measure_has_its_words(changed, said):
    sentence = put_into_words(MEASURES.model_copy(update=changed))
    assert said in sentence
    assert sentence.endswith(".")
    assert "None" not in sentence
    assert len(sentence.split()) < 30


@pytest.mark.parametrize("f0_hz", [80, 120, 200, 310, 650])
def test_the_real_model_hears_the_pitch_of_a_buzz(f0_hz):
    tone = describe_tone(
        "c",
        sound_of(harmonic(f0_hz, 2)),
        speech_of((0, 2)),
        load_pitch(),
        model=load_pitch().name,
    )
    assert tone.measures.f0_median_hz == pytest.approx(f0_hz, rel=0.01)
    assert tone.measures.voiced_share > 0.9
    assert "swift-f0" in tone.made_by.model


def test_the_real_model_hears_no_pitch_in_noise():
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * AUDIO_HZ)
    tone = describe_tone("c", sound_of(noise), speech_of((0, 2)), load_pitch())
    assert tone.measures.f0_median_hz is None


def test_the_same_sound_gives_the_same_tone():
    sound, speech = sound_of(syllables(180, 4, 2)), speech_of((0, 2), text="one two three")
    first = describe_tone("c", sound, speech, load_pitch())
    describe_tone("c", sound_of(harmonic(300, 1)), speech, load_pitch())
    assert describe_tone("c", sound, speech, load_pitch()) == first


@pytest.mark.parametrize("samples", [1, 255, 256, 300, 5000])
def test_a_sound_of_any_length_can_be_tracked(samples):
    tone = describe_tone(
        "c",
        sound_of(harmonic(200, 1)[1010 : 1010 + samples]),
        speech_of((0, 1)),
        load_pitch(),
        settings=ToneSettings(min_speech_s=0),
    )
    assert tone.measures.speech_s == pytest.approx(samples / AUDIO_HZ, abs=0.001)
