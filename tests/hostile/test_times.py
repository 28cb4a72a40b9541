"""No rate, no length, times without sense: refused with a reason, or what has a time is used."""

from itertools import pairwise

import pytest

from tests.hostile.conftest import GOOD
from tests.hostile.films import encode, patched, pictures_of, retimed
from tests.hostile.houses import FINE, Done, build

FRAMES = 25
MEDIA_SCALE = MEDIA_TIME = STEP = 16  # bytes behind the names mdhd, elst, stts (ISO/IEC 14496-12)
STEPS = 12
PATCHES = {
    "no_clock.mp4": (b"mdhd", MEDIA_SCALE, 0),
    "no_step.mp4": (b"stts", STEP, 0),
    "long_step.mp4": (b"stts", STEP, 2**31 - 1),
    "backwards.mp4": (b"stts", STEP, -1),
    "many_steps.mp4": (b"stts", STEPS, 2**32 - 1),
    "starts_after_its_end.mp4": (b"elst", MEDIA_TIME, 2**31 - 1),
}
TIMES_MS = {
    "far_away.mkv": [2**60 + 40 * i for i in range(FRAMES)],
    "before_zero.mkv": [40 * i - 10**6 for i in range(FRAMES)],
    "hole_of_hours.mkv": [40 * i + (i > 12) * 10**7 for i in range(FRAMES)],
    "hole_of_ages.mkv": [40 * i + (i > 12) * 2**50 for i in range(FRAMES)],
    "all_at_once.mkv": [0] * FRAMES,
    "thousand_a_second.mkv": list(range(FRAMES)),
}


@pytest.fixture(scope="module")
def done(folder, label, pool) -> Done:
    whole = encode(folder.parent / "whole.mp4", pictures_of("smile")[12 : 12 + FRAMES])
    data = whole.read_bytes()
    for name, patch in PATCHES.items():
        (folder / name).write_bytes(patched(data, *patch))
    for name, times_ms in TIMES_MS.items():
        retimed(whole, folder / name, times_ms)
    label(folder, *PATCHES, *TIMES_MS)
    return build(folder, folder.parent / "work", pool)


def test_beside_films_without_sensible_times_a_good_one_comes_through(done):
    assert done.fate(GOOD) == FINE


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_clock.mp4", "frames a second"),
        ("backwards.mp4", "frames a second"),
        ("long_step.mp4", "at most 21600 s are taken"),
        ("starts_after_its_end.mp4", "no picture"),
        ("hole_of_hours.mkv", "frames a second"),
        ("hole_of_ages.mkv", "at most 21600 s are taken"),
    ],
)
def test_a_film_with_an_absurd_rate_or_length_is_refused_with_the_figure(done, name, why):
    assert done.fate(name) == ("failed", "DecodeError")
    (failure,) = done.failures_of(name)
    assert why in failure.reason
    assert not failure.retryable


def test_of_frames_that_share_one_time_the_first_is_kept_and_the_others_are_told(done):
    assert done.fate("no_step.mp4")[0] == "released"
    assert len(done.row("face", "no_step.mp4").t_s) == 1
    told = f"{FRAMES - 1} frames without a time of their own left out"
    assert told in done.row("look", "no_step.mp4").defects
    assert "damaged_media" in done.row("coarse", "no_step.mp4").flags


@pytest.mark.parametrize("name", ["far_away.mkv", "before_zero.mkv", "many_steps.mp4"])
def test_wherever_the_clock_of_a_film_begins_its_times_begin_at_0(done, name):
    assert done.fate(name)[0] == "released"
    t_s = done.row("face", name).t_s
    assert t_s[0] == 0
    assert all(before < after for before, after in pairwise(t_s))
    assert t_s[-1] <= done.video(name).duration_s


@pytest.mark.parametrize("name", ["thousand_a_second.mkv", "all_at_once.mkv"])
def test_a_film_that_is_over_in_a_blink_is_rejected_as_too_short(done, name):
    assert done.fate(name) == ("rejected", "too_short")
