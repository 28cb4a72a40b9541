"""The order of visits: decided by seed and ids before a run starts."""

from collections import Counter

import numpy as np
import pytest

from schemas.errors import SetupError
from trainer.plan import Stream, make_plan, streams_of


def stream(name, count, weight=1.0, first=0):
    numbers = tuple(range(first, first + count))
    return Stream(name, numbers, tuple(f"{name}{n}" for n in numbers), weight)


def labelled(counts):
    labels = np.asarray([label for label, n in counts.items() for _ in range(n)], dtype=object)
    ids = np.asarray([f"id{n}" for n in range(len(labels))], dtype=object)
    return labels, ids


def balanced(counts, balance):
    labels, ids = labelled(counts)
    streams = streams_of(
        {"a": np.arange(len(labels))}, {"a": 1.0}, sample_ids=ids, labels=labels, balance=balance
    )
    plan = make_plan(streams, visits=1200, per_step=12, seed=1)
    return Counter(labels[plan.visits].tolist())


def test_every_sample_is_visited_once_before_any_comes_again():
    plan = make_plan([stream("a", 10)], visits=30, per_step=5, seed=1)
    passes = plan.visits.reshape(3, 10)
    assert [sorted(p) for p in passes.tolist()] == [list(range(10))] * 3
    assert len({tuple(p) for p in passes.tolist()}) == 3


def test_every_step_holds_the_mix():
    streams = [stream("a", 50, 0.75), stream("b", 7, 0.25, first=50)]
    plan = make_plan(streams, visits=400, per_step=8, seed=1)
    assert {int((plan.step(s) >= 50).sum()) for s in range(plan.steps)} == {2}


def test_visits_are_rounded_up_to_whole_steps():
    plan = make_plan([stream("a", 3)], visits=10, per_step=4, seed=1)
    assert (plan.steps, len(plan.visits)) == (3, 12)


def test_another_seed_is_another_order_and_the_same_seed_the_same():
    made = [make_plan([stream("a", 40)], visits=80, per_step=8, seed=s) for s in (1, 1, 2)]
    assert made[0].digest == made[1].digest != made[2].digest


def test_a_sample_more_leaves_the_others_in_their_order():
    small = make_plan([stream("a", 20)], visits=20, per_step=20, seed=1).visits.tolist()
    large = make_plan([stream("a", 21)], visits=21, per_step=21, seed=1).visits.tolist()
    assert [n for n in large if n != 20] == small


@pytest.mark.parametrize(
    ("balance", "expected"), [(0, (1080, 120)), (0.5, (900, 300)), (1, (600, 600))]
)
def test_labels_come_as_often_as_the_balance_says(balance, expected):
    found = balanced({"sad": 90, "fear": 10}, balance)
    assert found["sad"] == pytest.approx(expected[0], abs=3)
    assert found["fear"] == pytest.approx(expected[1], abs=3)


def test_a_group_without_samples_is_refused_by_name():
    with pytest.raises(SetupError, match="coarse/emotion"):
        streams_of(
            {"coarse/emotion": np.arange(0)},
            {"coarse/emotion": 1.0},
            sample_ids=np.asarray([], dtype=object),
            labels=np.asarray([], dtype=object),
            balance=0,
        )
