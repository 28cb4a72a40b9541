"""EMER's scores out of judgements: both orders or none, and nothing that is missing is a zero."""

import pytest

from schemas.errors import SetupError
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.metrics.overlap import (
    CRITERIA,
    ORDERS,
    Described,
    JudgedBy,
    Judgement,
    overlap_scores,
    questions_of,
)

FEW = BootstrapSettings(seed=0, resamples=50)
BY = JudgedBy(
    endpoint="http://localhost:1/v1",
    model="referee",
    served_models=(),
    prompts={},
    version="1",
    temperature=None,
    seed=None,
)


def judged(name, truth_first, answer_first, failure=None):
    """Of both measures; None: there is no score, and `failure` says why."""
    return [
        Judgement(
            name=name,
            criterion=criterion,
            order=order,
            score=score,
            failure=None if score is not None else failure,
            reason=None,
            request_id=None,
            raw=None,
        )
        for criterion in CRITERIA
        for order, score in zip(ORDERS, (truth_first, answer_first), strict=True)
    ]


def clue(described, judgements):
    return overlap_scores(described, judgements, BY, FEW).criteria[0]


def test_every_clip_is_asked_about_four_times_with_the_texts_changed_round():
    asked = questions_of([Described("one", "truth", "answer"), Described("two", "truth", None)])
    assert [(q.criterion, q.order, q.first, q.second) for q in asked] == [
        ("clue", "truth_first", "truth", "answer"),
        ("clue", "answer_first", "answer", "truth"),
        ("label", "truth_first", "truth", "answer"),
        ("label", "answer_first", "answer", "truth"),
    ]


def test_a_clip_scored_in_one_order_only_has_no_score():
    clips = [Described("one", "t", "a"), Described("two", "t", "a")]
    found = clue(clips, [*judged("one", 8, None, "OffSchemaError"), *judged("two", 6, 7)])
    assert (found.clips, found.score, found.failed) == (1, 6.5, {"OffSchemaError": 1})
    assert found.order_gap == 1


def test_where_nothing_was_judged_there_is_no_score():
    found = clue([Described("one", "t", "a")], judged("one", None, None, "RefusedError"))
    assert (found.score, found.interval, found.order_gap, found.clips) == (None, None, None, 0)


def test_a_clip_without_an_answer_scores_zero_and_is_counted():
    found = clue([Described("one", "t", None), Described("two", "t", "a")], judged("two", 4, 4))
    assert (found.clips, found.score, found.unanswered) == (2, 2, 1)


def test_without_a_clip_there_is_nothing_to_score():
    with pytest.raises(SetupError, match="no clip"):
        overlap_scores([], [], BY, FEW)
