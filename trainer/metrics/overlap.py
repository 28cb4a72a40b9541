"""EMER: how far descriptions overlap, in clues and in labels, by a judge that is given.

The judge is a function: questions in, judgements out, in order. It is asked about every clip in
both orders, and the two scores are averaged, because judges favour a place (Zheng and others,
2023, "Judging LLM-as-a-judge"). A score that cannot be had is a named failure and no zero.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from schemas.errors import SetupError
from schemas.units import Row
from trainer.metrics.bootstrap import BootstrapSettings, Interval, intervals

Criterion = Literal["clue", "label"]
Order = Literal["truth_first", "answer_first"]
CRITERIA: Final[tuple[Criterion, ...]] = ("clue", "label")
ORDERS: Final[tuple[Order, ...]] = ("truth_first", "answer_first")
SCALE: Final = (0, 10)


@dataclass(frozen=True)
class Described:
    """`answer` is None where the model gave none: it overlaps with nothing and scores 0."""

    name: str
    truth: str
    answer: str | None


@dataclass(frozen=True)
class OverlapQuestion:
    name: str
    criterion: Criterion
    order: Order
    first: str
    second: str


class Judgement(Row):
    """Of one question. `score` is None where `failure` says why there is none."""

    name: str
    criterion: Criterion
    order: Order
    score: Annotated[float, Field(ge=0, le=10)] | None
    failure: str | None  # the class of the error
    reason: str | None  # the judge's, or what the error said
    request_id: str | None  # of the answer in the store
    raw: str | None


Judge = Callable[[Sequence[OverlapQuestion]], Sequence[Judgement]]


class CriterionScores(Row):
    criterion: Criterion
    clips: int  # with a score: both orders were judged, or there was no answer to judge
    score: float | None  # mean of the clips, 0 to 10; None where none has a score
    interval: Interval | None
    unanswered: int  # of these clips, those where the model said nothing: 0 by definition
    failed: dict[str, int]  # clips without a score, by the error
    order_gap: float | None  # mean of answer first minus truth first: what a place is worth


class JudgedBy(Row):
    endpoint: str
    model: str
    served_models: tuple[str, ...]  # as the endpoint named them; sorted
    prompts: dict[str, str]  # criterion -> sha256 of its prompt and of the forms
    version: str  # of the code that asks
    temperature: float | None
    seed: int | None


class OverlapScores(Row):
    scale: tuple[int, int] = SCALE
    criteria: tuple[CriterionScores, ...]
    judge: JudgedBy
    bootstrap: BootstrapSettings


def questions_of(described: Sequence[Described]) -> list[OverlapQuestion]:
    """Two criteria and two orders for every clip with an answer."""
    return [question for one in described for question in _questions(one)]


def _questions(one: Described) -> Iterator[OverlapQuestion]:
    if one.answer is None:
        return
    for criterion in CRITERIA:
        yield OverlapQuestion(one.name, criterion, "truth_first", one.truth, one.answer)
        yield OverlapQuestion(one.name, criterion, "answer_first", one.answer, one.truth)


def overlap_scores(
    described: Sequence[Described],
    judgements: Sequence[Judgement],
    judge: JudgedBy,
    bootstrap: BootstrapSettings,
) -> OverlapScores:
    """SetupError where there is no clip to score."""
    if not described:
        raise SetupError("there is no clip to score: give predictions with descriptions")
    found = {(j.name, j.criterion, j.order): j for j in judgements}
    return OverlapScores(
        criteria=tuple(_criterion(c, described, found, bootstrap) for c in CRITERIA),
        judge=judge,
        bootstrap=bootstrap,
    )


def _criterion(
    criterion: Criterion,
    described: Sequence[Described],
    found: dict[tuple[str, Criterion, Order], Judgement],
    bootstrap: BootstrapSettings,
) -> CriterionScores:
    scores: list[float] = []
    gaps: list[float] = []
    failed: dict[str, int] = {}
    for one in described:
        if one.answer is None:
            scores.append(0.0)
            continue
        both = [found[one.name, criterion, order] for order in ORDERS]
        told = [judgement.score for judgement in both if judgement.score is not None]
        if len(told) == len(ORDERS):
            scores.append(sum(told) / len(told))
            gaps.append(told[1] - told[0])
        else:
            why = next(j.failure or "unscored" for j in both if j.score is None)
            failed[why] = failed.get(why, 0) + 1
    values = np.array(scores)[:, None]
    spread = intervals(values, (criterion,), bootstrap) if scores else {}
    return CriterionScores(
        criterion=criterion,
        clips=len(scores),
        score=float(values.mean()) if scores else None,
        interval=spread.get(criterion),
        unanswered=sum(one.answer is None for one in described),
        failed=failed,
        order_gap=float(np.mean(gaps)) if gaps else None,
    )
