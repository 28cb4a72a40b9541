"""Marks that people set on the claims of a text, beside the machine's."""

import json
from collections.abc import Sequence

from review.errors import InvalidError
from schemas.clues import Verdict
from schemas.review import ClaimMark, ShownText
from schemas.units import Row


class MarkAgreement(Row):
    """How far people and the machine say the same of claims that both have marked."""

    marks: int  # that people set
    compared: int  # of those: the machine has a mark there, too
    anchored: int  # of those compared: set with the machine's marks in view
    raw: float | None  # share of those compared that are the same


def beside_machine(marks: Sequence[ClaimMark], told: ShownText) -> tuple[ClaimMark, ...]:
    """Each with what the machine said of the same claim, whatever the page sent. InvalidError for
    a claim that the text does not have, and for one that is marked twice."""
    machine = machine_marks(told)
    claims = [mark.claim for mark in marks]
    if len(set(claims)) < len(claims):
        raise InvalidError("a claim is marked twice")
    if strangers := set(claims) - set(machine):
        raise InvalidError(f"{min(strangers)!r} is no claim of this text: load it again")
    return tuple(m.model_copy(update={"machine": machine[m.claim]}) for m in marks)


def machine_marks(told: ShownText) -> dict[str, Verdict | None]:
    """By claim. Where several things of one claim were checked, one contradicted contradicts it,
    and one supported supports it. None: nothing of it was checked."""
    found: dict[str, Verdict | None] = {clue.claim: None for clue in told.clues}
    for verdict in ("unverifiable", "supported", "contradicted"):  # the last one wins
        said = [check for check in told.claims or () if check.verdict == verdict]
        found |= {check.claim: check.verdict for check in said}
    return found


def marks_json(marks: Sequence[ClaimMark]) -> str | None:
    if not marks:
        return None
    return json.dumps([mark.model_dump() for mark in marks], ensure_ascii=False)


def read_marks(told: str | None) -> tuple[ClaimMark, ...]:
    return () if told is None else tuple(map(ClaimMark.model_validate, json.loads(told)))


def with_machine(marks: Sequence[tuple[ClaimMark, bool]]) -> MarkAgreement:
    """Of marks and whether the machine's were in view as they were set."""
    compared = [(mark, seen) for mark, seen in marks if mark.machine is not None]
    same = sum(mark.verdict == mark.machine for mark, _ in compared)
    return MarkAgreement(
        marks=len(marks),
        compared=len(compared),
        anchored=sum(seen for _, seen in compared),
        raw=same / len(compared) if compared else None,
    )
