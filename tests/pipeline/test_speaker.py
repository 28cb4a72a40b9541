import numpy as np
import pytest

from pipeline.speaker import see_speaker
from schemas.evidence import SpeakerVisibility
from schemas.maker import Maker
from schemas.speech import Span, Speech
from tests.pipeline.tracks import make_track


def speech(*spans: tuple[float, float], voice: float | None = 0.95) -> Speech:
    return Speech(
        clip_id="c",
        made_by=Maker(engine="hand", version="1"),
        voiced=tuple(Span(start_s=start, end_s=end) for start, end in spans),
        voice_probability=voice,
        transcript=None,
    )


def mouth(*talks: tuple[float, float], length_s: float = 4, fps: float = 25, depth: float = 0.12):
    """Lips that open and shut four times a second while talking, and tremble by landmark noise."""
    t_s = np.arange(round(length_s * fps)) / fps
    talking = np.zeros(len(t_s), bool)
    for start, end in talks:
        talking |= (t_s >= start) & (t_s < end)
    wave = depth * (0.5 - 0.5 * np.cos(2 * np.pi * 4 * t_s)) * talking
    noise = np.random.default_rng(7).normal(0, 0.001, len(t_s))
    return [float(v) for v in np.clip(wave + 0.02 + noise, 0, None)]


def seen(lips: list[float], heard: Speech, fps: float = 25, **columns) -> SpeakerVisibility:
    return see_speaker(make_track(n=len(lips), fps=fps, mouth_open=lips, **columns), heard)


@pytest.mark.parametrize("fps", [12.5, 24, 25, 30, 60])
def test_lips_that_move_with_the_voice_are_the_speaker(fps):
    found = seen(mouth((0.5, 2.5), fps=fps), speech((0.5, 2.5)), fps)
    assert found.verdict == "visible"
    assert found.agreement > 0.7
    assert found.speech_frames == 2 * fps


@pytest.mark.parametrize("fps", [12.5, 24, 30, 60])
def test_lips_that_rest_while_a_voice_is_heard_are_not_the_speaker(fps):
    assert seen(mouth(fps=fps), speech((0.5, 2.5)), fps).verdict == "not_visible"


def test_lips_that_move_all_through_a_clip_full_of_speech_are_the_speaker():
    found = seen(mouth((0, 4)), speech((0, 4)))
    assert found.verdict == "visible"
    assert found.agreement is None  # nothing to compare with


def test_lips_that_move_only_while_the_other_speaks_not_are_not_the_speaker():
    found = seen(mouth((2, 4)), speech((0, 1.9)))
    assert found.verdict == "not_visible"
    assert found.agreement < -0.7


def test_one_smile_while_another_speaks_does_not_make_a_speaker():
    lips = mouth()
    lips[25:30] = [0.1, 0.2, 0.3, 0.3, 0.3]
    assert seen(lips[:30] + [0.3] * 70, speech((0.5, 3.5))).verdict == "not_visible"


def test_weak_movement_that_silence_shows_as_well_is_not_judged():
    assert seen(mouth((0, 4), depth=0.04), speech((0.5, 2.5))).verdict == "unknown"


@pytest.mark.parametrize(
    "heard",
    [speech().model_copy(update={"voiced": None}), speech(), speech((1.0, 1.8))],
    ids=["no sound", "nobody speaks", "too short"],
)
def test_without_enough_speech_nothing_is_said(heard):
    assert seen(mouth(), heard).verdict == "unknown"


def test_without_a_trusted_face_nothing_is_said():
    for columns in ({"success": False}, {"confidence": 0.2}):
        found = seen(mouth(), speech((0, 4)), **columns)
        assert found == SpeakerVisibility(verdict="unknown", agreement=None, speech_frames=0)


def test_an_engine_that_does_not_measure_the_mouth_gives_no_verdict():
    found = see_speaker(make_track(n=100, mouth_open=None), speech((0, 4)))
    assert (found.verdict, found.speech_frames) == ("unknown", 0)


def test_a_faint_voice_never_makes_a_silent_mouth():
    assert seen(mouth(), speech((0, 4), voice=0.6)).verdict == "unknown"


def test_speech_beside_frames_without_a_face_does_not_count():
    success = [i < 20 for i in range(100)]
    assert seen(mouth(), speech((0, 4)), success=success).speech_frames == 20
    assert seen(mouth(), speech((0, 4)), success=success).verdict == "unknown"


def test_a_jump_of_the_lips_at_a_cut_is_not_movement():
    levels = [0.02 if i // 10 % 2 else 0.6 for i in range(100)]
    shots = [i // 10 for i in range(100)]
    assert seen(levels, speech((0, 4)), shot=shots).verdict == "not_visible"
    assert seen(levels, speech((0, 4))).verdict != "not_visible"


def test_a_jump_of_the_lips_over_a_gap_is_not_movement():
    levels = [0.02 if i // 10 % 2 else 0.6 for i in range(60)]
    times = [i / 25 + 0.3 * (i // 10) for i in range(60)]
    assert seen(levels, speech((0, 5)), t_s=times).verdict == "not_visible"


def test_a_quiet_mouth_needs_silence_to_be_told_from_trembling():
    def verdict(until_s: float) -> str:
        return seen(mouth((0, until_s), depth=0.05), speech((0, until_s))).verdict

    assert verdict(2.0) == "visible"
    assert verdict(4.0) == "unknown"  # no silence to compare with
    assert verdict(3.8) == "unknown"  # too little of it


def test_a_voice_that_goes_on_a_little_longer_than_the_lips_is_still_theirs():
    assert seen(mouth((0.5, 2.0)), speech((0.5, 2.6))).verdict == "visible"


def test_a_mumble_that_keeps_time_with_the_voice_is_not_called_silent():
    found = seen(mouth((0.5, 2.5), depth=0.012), speech((0.5, 2.5)))
    assert found.agreement > 0.5
    assert found.verdict == "unknown"
