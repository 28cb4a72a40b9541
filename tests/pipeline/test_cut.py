"""Where a video is cut, and what is said of the rest."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.cut import CutSettings, needs_shots, needs_voice, plan_clips, rule_for
from schemas.clip import clip_id_of
from schemas.speech import Cue, Span
from schemas.video import Video


def video(duration_s=None, *, still=False, audio="aac"):
    return Video(
        video_id="v", identity="bytes", container="mov", still=still, duration_s=duration_s,
        fps=None if still else 25.0, variable_rate=None, width_px=64, height_px=64,
        rotation_deg=0, video_codec="h264", audio_codec=audio, audio_hz=None,
        audio_channels=None, size_bytes=1,
    )  # fmt: skip


def cue(start_s, end_s):
    return Cue(start_s=start_s, end_s=end_s, text="words")


def span(start_s, end_s):
    return Span(start_s=start_s, end_s=end_s)


def plan(of, *, cues=None, spans=None, voiced=None, shots=None, **options):
    clips, rejected = plan_clips(
        of, settings=CutSettings(**options), cues=cues, spans=spans, voiced=voiced, shots=shots
    )
    return [(clip.start_s, clip.end_s) for clip in clips], rejected


def rules(rejected):
    return [(r.subject, r.rule) for r in rejected]


def test_a_still_is_one_clip_without_length():
    [clip], rejected = plan_clips(
        video(still=True, audio=None),
        settings=CutSettings(), cues=None, spans=None, voiced=None, shots=None,
    )  # fmt: skip
    assert (clip.rule, clip.start_us, clip.end_us, clip.has_audio) == ("still", 0, 0, False)
    assert rejected == []


@pytest.mark.parametrize("length", [0.2, 0.5, 4.004, 30.0])
def test_a_short_video_is_taken_as_it_is(length):
    assert plan(video(length)) == ([(0.0, length)], [])


def test_a_single_frame_is_rejected_not_dropped():
    for length in (0.04, None):
        clips, [rejection] = plan(video(length))
        assert (clips, rejection.subject, rejection.rule) == ([], "video", "too_short")
        assert "at least 0.2 s are needed" in rejection.reason


def test_a_long_video_is_rejected_by_the_rule_whole_with_a_remedy():
    clips, [rejection] = plan(video(95.2), rule="whole")
    assert (clips, rejection.rule, rejection.id) == ([], "too_long", "v")
    assert "lasts 95.20 s, more than max_s = 30 s; set rule" in rejection.reason


def test_auto_takes_the_list_then_the_whole_then_subtitles_then_silence():
    auto = CutSettings()

    def chosen(length, has_cues=False, has_spans=False):
        return rule_for(video(length), settings=auto, has_cues=has_cues, has_spans=has_spans)

    assert chosen(90, has_cues=True, has_spans=True) == "spans"
    assert chosen(30, has_cues=True) == "whole"
    assert chosen(30.1, has_cues=True) == "subtitles"
    assert chosen(30.1) == "silence"


def test_only_rules_that_cut_at_pauses_cost_an_analysis():
    auto, off = CutSettings(), CutSettings(shots="off")
    assert [needs_shots(rule, auto) for rule in ("whole", "spans", "subtitles", "silence")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert not needs_shots("silence", off)
    assert needs_shots("spans", CutSettings(shots="on"))
    assert needs_voice("silence")
    assert not needs_voice("subtitles")


def test_near_subtitles_make_one_clip_and_far_ones_two():
    cues = [cue(10, 12), cue(12.3, 14), cue(16, 18)]
    assert plan(video(60), cues=cues, rule="subtitles") == ([(9.8, 14.2), (15.8, 18.2)], [])


def test_margins_end_in_the_middle_of_a_pause_and_at_a_shot():
    cues = [cue(10, 12), cue(12.2, 14)]
    clips, _ = plan(video(60), cues=cues, rule="subtitles", join_s=0.1, shots=[span(9.9, 60)])
    assert clips == [(9.9, 12.1), (12.1, 14.2)]


def test_words_across_a_change_of_shot_are_divided_there():
    shots = [span(0, 11), span(11, 60)]
    clips, rejected = plan(video(60), cues=[cue(8, 13)], rule="subtitles", shots=shots)
    assert (clips, rejected) == ([(7.8, 11), (11, 13.2)], [])


def test_a_short_word_is_widened_inside_its_shot():
    shots = [span(0, 10.1), span(10.1, 60)]
    clips, _ = plan(video(60), cues=[cue(10.2, 10.5)], rule="subtitles", shots=shots)
    assert clips == [(10.1, 11.1)]


def test_a_short_word_at_the_edge_of_a_shot_grows_to_the_other_side():
    shots = [span(0, 10.6), span(10.6, 60)]
    clips, _ = plan(video(60), cues=[cue(10.3, 10.5)], rule="subtitles", shots=shots)
    assert clips == [(9.6, 10.6)]


def test_a_pause_that_would_leave_too_short_a_piece_is_not_the_one_to_cut_at():
    voiced = [span(0, 0.5), span(0.9, 15), span(15.3, 31)]
    clips, rejected = plan(video(60), voiced=voiced, rule="silence", margin_s=0)
    assert (clips, rejected) == ([(0, 15), (15.3, 31)], [])


def test_a_word_in_too_short_a_shot_is_rejected_as_the_clip_it_would_have_been():
    shots = [span(0, 10), span(10, 10.6), span(10.6, 60)]
    clips, [rejection] = plan(video(60), cues=[cue(10.1, 10.5)], rule="subtitles", shots=shots)
    assert clips == []
    assert (rejection.subject, rejection.rule) == ("clip", "too_short")
    assert rejection.id == clip_id_of("v", 10_000_000, 10_600_000)
    assert rejection.reason.startswith("10.00-10.60 s lasts 0.60 s")


def test_long_speech_is_cut_at_its_longest_pauses():
    voiced = [span(0, 14), span(14.3, 20), span(20.1, 34), span(34.4, 50)]
    clips, rejected = plan(video(60), voiced=voiced, rule="silence", margin_s=0)
    assert (clips, rejected) == ([(0, 14), (14.3, 34), (34.4, 50)], [])


def test_a_voice_that_never_pauses_is_cut_into_equal_parts():
    clips, rejected = plan(video(80), voiced=[span(5, 75)], rule="silence", margin_s=0)
    assert [round(b - a, 3) for a, b in clips] == [23.333, 23.333, 23.333]
    assert (clips[0][0], clips[-1][1], rejected) == (5, 75, [])


def test_subtitles_without_pauses_are_cut_between_cues():
    cues = [cue(t, t + 4) for t in range(0, 80, 4)]
    clips, rejected = plan(video(80), cues=cues, rule="subtitles")
    assert {a % 4 for a, _ in clips} == {0}
    assert (max(b - a for a, b in clips) <= 30, rejected) == (True, [])
    assert sum(b - a for a, b in clips) == 80


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"rule": "silence", "voiced": None}, "no_sound"),
        ({"rule": "silence", "voiced": []}, "no_speech"),
        ({"rule": "subtitles", "cues": None}, "no_subtitles"),
        ({"rule": "subtitles", "cues": [Cue(start_s=None, end_s=None, text="a")]}, "no_subtitles"),
        ({"rule": "spans"}, "no_spans"),
    ],
)
def test_a_video_that_gives_nothing_is_rejected_with_the_reason(options, rule):
    chosen = CutSettings(rule=options.pop("rule"))
    clips, [rejection] = plan_clips(
        video(60), settings=chosen, shots=None, spans=None,
        **({"cues": None, "voiced": None} | options),
    )  # fmt: skip
    assert (clips, rejection.subject, rejection.rule) == ([], "video", rule)


def test_subtitles_of_a_longer_film_are_told():
    _, rejected = plan(video(60), cues=[cue(10, 12), cue(70, 72)], rule="subtitles")
    assert rules(rejected) == [("clip", "outside")]
    assert "70.00-72.00 s is not inside the video, which lasts 60.00 s" in rejected[0].reason


def test_given_spans_are_taken_as_given():
    spans = [span(5, 8), span(1, 1.5), span(7, 9), span(5, 8), span(58, 60.2)]
    clips, rejected = plan(video(60), spans=spans)
    assert (clips, rejected) == ([(1, 1.5), (5, 8), (7, 9), (58, 60)], [])


def test_given_spans_that_cannot_be_clips_are_told():
    spans = [span(5, 5.1), span(10, 50), span(59, 62), span(20, 24)]
    shots = [span(0, 22), span(22, 60)]
    clips, rejected = plan(video(60), spans=spans, shots=shots)
    assert clips == []
    assert rules(rejected) == [
        ("clip", "too_short"), ("clip", "crosses_shot"), ("clip", "crosses_shot"),
        ("clip", "outside"),
    ]  # fmt: skip
    assert rules(plan(video(60), spans=[span(10, 50)])[1]) == [("clip", "too_long")]


@pytest.mark.parametrize("wrong", [{"min_s": 20.0}, {"max_s": 0.0}, {"rule": "words"}])
def test_settings_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValidationError):
        CutSettings(**wrong)


TIMES = st.integers(0, 120_000).map(lambda ms: ms / 1000)
SPANS = st.lists(st.tuples(TIMES, TIMES).map(sorted).filter(lambda s: s[0] < s[1]), max_size=30)
EDGES = st.lists(st.integers(1, 99_999).map(lambda ms: ms / 1000), max_size=12, unique=True)


@settings(deadline=None, max_examples=200)
@given(speech=SPANS, edges=EDGES, margin_s=st.sampled_from([0.0, 0.2, 3.0]))
def test_clips_fit_their_limits_and_their_shot_never_overlap_and_nothing_is_lost(
    speech, edges, margin_s
):
    bounds = [0.0, *sorted(edges), 100.0]
    shots = [span(a, b) for a, b in pairwise(bounds)]
    options = {"rule": "silence", "margin_s": margin_s, "max_s": 10.0}
    voiced = [span(*s) for s in speech]
    clips, rejected = plan(video(100.0), voiced=voiced, shots=shots, **options)
    assert plan(video(100.0), voiced=voiced[::-1], shots=shots, **options) == (clips, rejected)
    assert all(1.0 - 1e-9 <= b - a <= 10.0 + 1e-9 for a, b in clips)
    assert all(a[1] <= b[0] for a, b in pairwise(clips))
    assert all(any(s.start_s <= a and b <= s.end_s for s in shots) for a, b in clips)
    assert clips or rejected
    told = [tuple(map(float, r.reason.split(" s ")[0].split("-"))) for r in rejected if r.id != "v"]
    for start_s, end_s in speech:  # every moment of speech is in a clip or in a rejection
        end_s = min(end_s, 100.0) if start_s < 100 else end_s
        for moment in (start_s + 1e-4, (start_s + end_s) / 2, end_s - 1e-4):
            assert any(a - 0.011 <= moment <= b + 0.011 for a, b in clips + told)
