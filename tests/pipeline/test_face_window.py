"""What is known of a face around its peak: shown, glimpsed, absent, or nothing at all."""

import pytest

from pipeline.face_window import WINDOW_S, face_window
from pipeline.peak import PeakSettings, find_peak
from tests.pipeline.one_clip import evidence, peak
from tests.pipeline.tracks import make_track


def window_of(track, *, flags=()):
    return face_window(evidence(flags=flags), find_peak(track, PeakSettings()), track)


def states(n=75, at=37, **columns):
    """Of a track at 25 Hz whose peak is frame `at`."""
    top = [3.0 if i == at else 1.2 if abs(i - at) < 10 else 0.0 for i in range(n)]
    return window_of(make_track(n=n, proxy=False, au12_r=top, **columns)).states


def some(n, frames, value, otherwise):
    return [value if i in frames else otherwise for i in range(n)]


@pytest.mark.parametrize(
    ("frames", "state"),
    [
        (range(30, 45), "shown"),  # most of the 27 frames around the peak
        ([30, 31], "glimpsed"),
        (range(75), "shown"),
        ([], "absent"),
        (range(6), "glimpsed"),  # 0.24 s, far from the peak
        (range(3), "absent"),  # a stray
    ],
)
def test_a_unit_is_looked_for_in_the_frames_around_the_peak(frames, state):
    assert states(au04_r=some(75, frames, 1.5, 0.0)).get("AU04") == state


def test_a_unit_at_the_peak_is_shown_even_alone():
    assert states(au04_r=some(75, [37], 1.5, 0.0))["AU04"] == "shown"


def test_a_unit_that_the_engine_cannot_tell_is_unknown_never_absent():
    assert "AU04" not in states(au04_r=None, au04_c=None)
    assert states(au04_r=some(75, [33], None, 0.0)).get("AU04") == "glimpsed"


def test_a_faint_unit_is_not_absent():
    assert states(au04_r=some(75, [36], 0.6, 0.0))["AU04"] == "glimpsed"
    assert states(au04_r=some(75, [36], 0.4, 0.0))["AU04"] == "absent"


def test_another_shot_is_not_looked_at():
    shots = [0] * 35 + [1] * 40
    assert states(au04_r=some(75, range(30, 35), 1.5, 0.0), shot=shots)["AU04"] == "absent"


def test_frames_without_a_trusted_face_are_not_looked_at():
    confidence = some(75, range(30, 37), 0.2, 0.95)
    assert (
        states(au04_r=some(75, range(30, 37), 1.5, 0.0), confidence=confidence)["AU04"] == "absent"
    )


def test_the_window_says_where_it_looked():
    track = make_track(n=75, proxy=False, au12_r=some(75, [37], 3.0, 0.0))
    found = window_of(track)
    assert found.frame_index == 37
    assert found.start_s == pytest.approx(37 / 25 - WINDOW_S, abs=0.04)
    assert found.end_s == pytest.approx(37 / 25 + WINDOW_S, abs=0.04)


def test_a_noisy_proxy_says_nothing_by_its_absence():
    track = make_track(n=75, proxy=True, au12_r=some(75, [37], 3.0, 0.0))
    assert "AU07" not in window_of(track).states
    assert window_of(track).proxy
    measured = make_track(n=75, proxy=False, au12_r=some(75, [37], 3.0, 0.0))
    assert window_of(measured).states["AU07"] == "absent"
    assert not window_of(measured).proxy


def test_a_blink_is_never_told():
    assert "AU45" not in states(au45_c=True)


@pytest.mark.parametrize(
    ("smile", "state"), [(0.8, "shown"), (0.1, "absent"), (0.4, "glimpsed"), (None, None)]
)
def test_a_smile_score_is_read_beside_the_units(smile, state):
    assert states(smile=smile).get("smile") == state


def test_without_a_track_the_peak_frame_alone_counts():
    found = face_window(evidence({"AU12": 2.0}), peak({"AU12": 2.0}))
    assert (found.states["AU12"], found.states["AU04"]) == ("shown", "absent")
    assert (found.frame_index, found.start_s, found.end_s) == (7, 0.28, 0.28)


def test_without_a_peak_only_what_is_present_is_known():
    for at in (None, peak(None)):
        assert dict(face_window(evidence({"AU12": 2.0}), at).states) == {"AU12": "shown"}
