from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from annotators.base import AUDIO_HZ, Sound
from annotators.models.voice import load_voice
from annotators.speech import WINDOW, SpeechStream, VoiceSettings, find_speech
from schemas.speech import Cue, Transcript

WORDS = Transcript(
    text="Ask not.",
    language=None,
    source="subtitles",
    cues=(Cue(start_s=0.1, end_s=0.9, text="Ask not."),),
)


def loud_is_voice():
    """A fake detector: the probability of speech is the mean level of the window."""
    return lambda window: float(np.abs(window).mean())


def sound_of(*levels, start_s=0.0):
    """One window of constant level for each number."""
    return Sound(np.repeat(np.array(levels, np.float32), WINDOW), start_s)


def spans_of(*levels, **options):
    found = find_speech("c", sound_of(*levels), None, loud_is_voice, **options).voiced
    assert found is not None
    return [(span.start_s, span.end_s) for span in found]


def window_s(number):
    return number * WINDOW / AUDIO_HZ


def test_a_clip_without_sound_has_no_spans_and_keeps_its_words():
    speech = find_speech("c", None, WORDS, loud_is_voice)
    assert speech.voiced is None
    assert speech.voice_probability is None
    assert speech.transcript == WORDS


def test_a_sound_without_samples_is_no_sound():
    assert find_speech("c", sound_of(), None, loud_is_voice).voiced is None


def test_nobody_speaking_gives_no_spans_not_none():
    assert spans_of(*[0.1] * 40) == []


def test_a_span_is_padded_by_30_ms_on_both_sides():
    assert spans_of(*[0] * 10, *[1] * 10, *[0] * 10) == [
        (pytest.approx(window_s(10) - 0.03), pytest.approx(window_s(20) + 0.03))
    ]


def test_a_span_reaches_no_further_than_the_sound():
    assert spans_of(*[1] * 20) == [(0, pytest.approx(window_s(20)))]


def test_a_fading_voice_is_heard_down_to_the_lower_threshold():
    fading = spans_of(*[0] * 5, *[0.9] * 10, *[0.4] * 10, *[0] * 10)
    assert fading == [(pytest.approx(window_s(5) - 0.03), pytest.approx(window_s(25) + 0.03))]
    assert spans_of(*[0.4] * 30) == []


@pytest.mark.parametrize(("gap", "spans"), [(3, 1), (4, 1), (5, 2)])
def test_silence_splits_a_span_only_from_100_ms_on(gap, spans):
    # the fourth silent window begins 96 ms after the first
    assert len(spans_of(*[1] * 12, *[0] * gap, *[1] * 12)) == spans


def test_short_silences_with_speech_between_do_not_add_up():
    assert len(spans_of(*[1] * 12, *[0] * 3, *[1] * 3, *[0] * 3, *[1] * 12)) == 1


@pytest.mark.parametrize(("length", "spans"), [(7, 0), (8, 1)])
def test_speech_of_at_most_250_ms_is_dropped(length, spans):
    assert len(spans_of(*[0] * 5, *[1] * length, *[0] * 10)) == spans


def test_spans_are_in_the_time_of_the_clip():
    late = find_speech("c", sound_of(*[1] * 20, start_s=0.5), None, loud_is_voice).voiced
    early = find_speech("c", sound_of(*[1] * 20, start_s=-0.2), None, loud_is_voice).voiced
    assert [(s.start_s, s.end_s) for s in late] == [(0.5, pytest.approx(0.5 + window_s(20)))]
    assert [(s.start_s, s.end_s) for s in early] == [(0, pytest.approx(window_s(20) - 0.2))]


def test_the_last_part_of_a_window_is_heard_too():
    samples = np.ones(WINDOW * 9 + 400, np.float32)
    assert find_speech("c", Sound(samples), None, loud_is_voice).voiced[0].end_s == pytest.approx(
        len(samples) / AUDIO_HZ
    )


def test_broken_and_clipped_samples_reach_the_detector_within_range():
    heard = []
    samples = np.array([np.nan, np.inf, -np.inf, 7, -7, 0.5], np.float32)
    find_speech("c", Sound(samples), None, lambda: lambda window: heard.append(window) or 0.0)
    np.testing.assert_array_equal(heard[0][:7], np.array([0, 1, -1, 1, -1, 0.5, 0], np.float32))


@given(
    levels=st.lists(st.sampled_from([0.0, 0.4, 1.0]), max_size=60),
    cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=20),
    tail=st.integers(0, WINDOW - 1),
)
def test_chunks_of_any_size_give_the_same_spans(levels, cuts, tail):
    samples = np.append(np.repeat(levels, WINDOW), np.ones(tail)).astype(np.float32)
    stream, found, at = SpeechStream(loud_is_voice), [], 0
    for cut in cuts:
        found += stream.feed(samples[at : at + cut])
        at += cut
    found += [*stream.feed(samples[at:]), *stream.finish()]
    whole = find_speech("c", Sound(samples), None, loud_is_voice)
    assert tuple(found) == (whole.voiced or ())
    assert stream.highest is None or round(stream.highest, 4) == whole.voice_probability


@given(levels=st.lists(st.sampled_from([0.0, 0.4, 1.0]), max_size=80))
def test_spans_are_in_order_and_never_touch(levels):
    ends = [0.0, *(t for span in spans_of(*levels or [0.0]) for t in span)]
    assert ends == sorted(ends)
    assert all(a < b for a, b in pairwise(ends[1:]))


def test_a_stream_gives_a_span_as_soon_as_it_is_certain():
    stream = SpeechStream(loud_is_voice)
    assert stream.feed(sound_of(*[1] * 10, *[0] * 3).samples) == ()
    assert len(stream.feed(sound_of(0, 0).samples)) == 1
    assert stream.finish() == ()


@pytest.mark.parametrize(
    "broken", [{"threshold": 0.3}, {"pad_s": 0.06}, {"threshold": 1.2}, {"min_speech_s": -1}]
)
def test_settings_that_contradict_themselves_are_refused(broken):
    with pytest.raises(ValidationError):
        VoiceSettings(**broken)


def test_settings_change_what_is_found():
    assert spans_of(*[0.4] * 20, settings=VoiceSettings(threshold=0.38, end_threshold=0.3))


def noise(seconds, level=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, level, round(seconds * AUDIO_HZ)).astype(np.float32)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(2 * AUDIO_HZ, np.float32), noise(2), noise(2, level=3), noise(0.01)],
    ids=["silence", "noise", "clipped noise", "one short window"],
)
def test_the_real_model_hears_nobody_in(samples):
    speech = find_speech("c", Sound(samples), None, load_voice(), model=load_voice().name)
    assert speech.voiced == ()
    assert 0 < speech.voice_probability < 0.5
    assert "silero" in speech.made_by.model


def test_the_real_model_forgets_one_sound_before_the_next():
    other, sound = noise(1, level=0.5, seed=1), Sound(noise(1))
    fresh = find_speech("c", sound, None, load_voice())
    find_speech("c", Sound(other), None, load_voice())
    assert find_speech("c", sound, None, load_voice()) == fresh


def test_streams_of_the_real_model_do_not_hear_each_other():
    samples = noise(1)
    alone, beside, other = (SpeechStream(load_voice()) for _ in range(3))
    alone.feed(samples)
    for start in range(0, len(samples), 1000):
        beside.feed(samples[start : start + 1000])
        other.feed(noise(0.1, level=0.5, seed=start))
    assert beside.highest == alone.highest != other.highest
