"""Many reviewers at the real server, which is killed meanwhile: nothing acknowledged is lost."""

import pytest

from benchmarks.reviewers import Load, load

pytestmark = pytest.mark.slow


def test_fifteen_reviewers_at_full_speed_decide_everything_exactly_once():
    told = load(Load(samples=60, reviewers=15, reviews=3))
    assert (told.faults, told.decisions) == ([], 180)


def test_a_server_killed_again_and_again_loses_nothing_it_acknowledged():
    told = load(Load(samples=120, reviewers=5, reviews=2, kill=0.3))
    assert (told.faults, told.decisions) == ([], 240)
    assert told.kills >= 1
