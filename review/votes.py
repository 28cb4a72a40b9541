"""The votes that agreement is counted over: only those given before the machine's answer was shown.

A label is a vote on a clip: one per person and clip, the last. A verdict is a vote on one text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from review.coefficients import Counts
from schemas.review import ClaimMark, Decision


@dataclass(frozen=True)
class Votes:
    """By unit and person: what was said first, the whole set, the intensity."""

    labels: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    intensities: dict[str, dict[str, int]] = field(default_factory=dict)
    verdicts: dict[str, dict[str, str]] = field(default_factory=dict)
    anchored_labels: int = 0  # not counted: the machine's label or marks were in view
    anchored_verdicts: int = 0  # not counted: the marks were in view
    marks: tuple[tuple[ClaimMark, bool], ...] = ()  # of people; True: the machine's were in view

    @property
    def firsts(self) -> dict[str, dict[str, str]]:
        return {u: {p: said[0] for p, said in by.items()} for u, by in self.labels.items()}


def gather(events: Iterable[Decision]) -> Votes:
    """Of blind labels, and of decisions that stand."""
    votes, blind = Votes(), set[tuple[str, str]]()
    anchored: list[Decision] = []
    marks: list[tuple[ClaimMark, bool]] = []
    anchored_verdicts = 0
    for event in events:
        if event.kind == "label":
            blind.add((event.person, event.clip_id))
            _label(votes, event)
        elif event.stands and event.kind == "decide":
            if event.labels and not (event.saw_label or event.saw_marks):
                _label(votes, event)
            elif event.labels:
                anchored.append(event)
            anchored_verdicts += _verdict(votes, event)
            marks += [(mark, event.saw_marks) for mark in event.marks]
    lost = sum((event.person, event.clip_id) not in blind for event in anchored)
    return Votes(
        votes.labels, votes.intensities, votes.verdicts, lost, anchored_verdicts, tuple(marks)
    )


def _label(votes: Votes, event: Decision) -> None:
    votes.labels.setdefault(event.clip_id, {})[event.person] = event.labels
    if event.intensity is not None:
        votes.intensities.setdefault(event.clip_id, {})[event.person] = event.intensity


def _verdict(votes: Votes, event: Decision) -> int:
    """1 for a verdict that does not count."""
    if event.verdict is None:
        return 0
    if event.saw_marks:
        return 1
    unit = f"{event.sample_id} {event.text_hash}"
    votes.verdicts.setdefault(unit, {})[event.person] = event.verdict
    return 0


def counts_of(units: dict[str, dict[str, str]], values: Sequence[str]) -> Counts:
    """[N units x V values], whoever voted."""
    place = {value: i for i, value in enumerate(values)}
    counts = np.zeros((len(units), len(values)))
    for row, by in enumerate(units.values()):
        for said in by.values():
            counts[row, place[said]] += 1
    return counts


def without(units: dict[str, dict[str, str]], person: str) -> dict[str, dict[str, str]]:
    return {u: {p: said for p, said in by.items() if p != person} for u, by in units.items()}


def people_of(units: dict[str, dict[str, str]]) -> list[str]:
    return sorted({person for by in units.values() for person in by})
