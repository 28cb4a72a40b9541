"""Many reviewers at the real server, which is killed meanwhile: nothing acknowledged is lost."""

from types import SimpleNamespace

import pytest

from benchmarks.review_load import Reviewer, faults, free_port, open_place, run, tokens
from review.history import all_events

pytestmark = pytest.mark.slow


def reviewed(folder, *, samples, reviewers, reviews, kill=0.0):
    """(faults, decisions stored, kills) after all was decided."""
    store, queue = open_place(folder, None, samples, reviews)
    port = free_port()
    people = [
        Reviewer(port, name, token, queue.queue_id, 0.0)
        for name, token in tokens(store, reviewers).items()
    ]
    _, kills = run(folder, SimpleNamespace(db=None, kill=kill), port, people)
    found = faults(store, people, samples, reviews)
    decisions = sum(event.kind == "decide" for event in all_events(store))
    store.close()
    return found, decisions, kills


def test_fifteen_reviewers_at_full_speed_decide_everything_exactly_once(tmp_path):
    found, decisions, _ = reviewed(tmp_path, samples=60, reviewers=15, reviews=3)
    assert (found, decisions) == ([], 180)


def test_a_server_killed_again_and_again_loses_nothing_it_acknowledged(tmp_path):
    found, decisions, kills = reviewed(tmp_path, samples=120, reviewers=5, reviews=2, kill=0.3)
    assert (found, decisions) == ([], 240)
    assert kills >= 1
