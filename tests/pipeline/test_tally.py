"""The tally of a run, and the rule that stops it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.outcomes import fail
from pipeline.tally import STOP_AFTER, Tally
from schemas.errors import DecodeError, SetupError
from schemas.failure import Rejection
from schemas.speech import Span

DONE = Span(start_s=0, end_s=1)
FAILED = fail("clip", "c", "face", DecodeError("is broken"))
REJECTED = Rejection(subject="clip", id="c", stage="coarse", rule="no_face", reason="nobody")


def silent(stage, tally):
    pass


def add(tally, stage, *outcomes):
    for outcome in outcomes:
        tally.add(stage, outcome)


def test_outcomes_are_counted_by_kind():
    tally = Tally(silent)
    tally.expect("face", 4)
    add(tally, "face", DONE, DONE, REJECTED, FAILED)
    counts = tally.stages["face"]
    assert (counts.expected, counts.done, counts.finished) == (4, 2, 4)
    assert (counts.rejected, counts.failed) == ({"no_face": 1}, {"DecodeError": 1})


def test_whoever_listens_hears_every_change():
    heard = []
    tally = Tally(lambda stage, counts: heard.append((stage, counts.finished, counts.expected)))
    tally.expect("face", 2)
    add(tally, "face", DONE, FAILED)
    assert heard == [("face", 0, 2), ("face", 1, 2), ("face", 2, 2)]


def test_threads_lose_no_outcome():
    tally = Tally(silent)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: add(tally, "face", *[DONE] * 100), range(20)))
    assert tally.worked == tally.stages["face"].done == 2000


def test_a_stage_whose_clips_fail_too_often_stops_the_run():
    tally = Tally(silent)
    add(tally, "face", *[DONE] * (STOP_AFTER - 11), *[FAILED] * 10)
    with pytest.raises(SetupError, match=r"stage face: 11 of 200 clips failed, last: is broken"):
        tally.add("face", FAILED)


def test_one_in_twenty_may_fail():
    tally = Tally(silent)
    add(tally, "face", *[DONE] * 190, *[FAILED] * 10, *([DONE] * 19 + [FAILED]) * 10)
    assert tally.worked == 400


def test_before_two_hundred_clips_nothing_is_decided():
    tally = Tally(silent)
    add(tally, "face", *[FAILED] * (STOP_AFTER - 1))
    with pytest.raises(SetupError):
        tally.add("face", FAILED)


def test_broken_files_at_the_door_never_stop_a_run():
    tally = Tally(silent)
    add(tally, "ingest", *[FAILED] * 1000)
    assert tally.stages["ingest"].failed.total() == 1000


def test_rejections_are_work_done_and_never_stop_a_run():
    tally = Tally(silent)
    add(tally, "coarse", *[REJECTED] * 1000)
    assert tally.worked == 1000


def test_stages_are_counted_apart():
    tally = Tally(silent)
    add(tally, "face", *[DONE] * 300)
    add(tally, "tone", *[FAILED] * 20)
    assert tally.worked == 320
