"""Old and new outcomes of a stage, put together into one part."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.parts import Part
from schemas.clip import Clip
from schemas.failure import Failure, Rejection
from schemas.units import Row


def merged(
    old: Part[Any], new: Mapping[str, Row], *, order: Sequence[str], by: str = "clip_id"
) -> Part[Any]:
    """Old and new outcomes in the order of the subjects; a new one takes the place of an old.
    `by`: the column that names the subject of a row."""
    told: dict[str, Row] = {str(getattr(row, by)): row for row in old.rows}
    told |= {outcome.id: outcome for outcome in old.fallen}
    told |= new
    ranks = {subject: rank for rank, subject in enumerate(order)}
    outcomes = [told[s] for s in sorted(told, key=lambda s: ranks.get(s, len(ranks)))]
    return _sorted_out(outcomes)


def appended(old: Part[Any], new: Sequence[Row]) -> Part[Any]:
    """Old outcomes but those tried again, then the new ones."""
    again = {o.id for o in new if isinstance(o, Rejection | Failure)}
    again |= {o.video_id for o in new if isinstance(o, Clip)}
    kept = [o for o in old.fallen if o.id not in again]
    return _sorted_out([*old.rows, *kept, *new])


def _sorted_out(outcomes: Iterable[Row]) -> Part[Any]:
    rows: list[Row] = []
    rejections: list[Rejection] = []
    failures: list[Failure] = []
    for outcome in outcomes:
        if isinstance(outcome, Rejection):
            rejections.append(outcome)
        elif isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            rows.append(outcome)
    return Part(rows, rejections, failures)
