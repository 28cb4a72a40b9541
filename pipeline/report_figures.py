"""The numbers of a report: every table, and what is plotted beside it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.axis import round_step
from pipeline.report_facts import ClipFacts, ReportHead
from schemas.release import Outcome

SUBJECTS: Final = {"file": "Files", "video": "Videos", "clip": "Clips", "label": "Labels"}
STATES: Final = ("released", "rejected", "failed", "pending", "other_kind")


@dataclass(frozen=True)
class Balance:
    """One line of the books."""

    subject: str  # "file"
    title: str  # "Files"
    found: int
    states: dict[str, int]  # every State, in order

    @property
    def off_by(self) -> int:
        """What the states count more than was found; 0 where the books add up."""
        return sum(self.states.values()) - self.found


@dataclass(frozen=True)
class LabelCount:
    label: str
    coarse_only: int
    fine: int
    hours: float
    splits: dict[str, int]
    aus: dict[str, int]  # action unit -> clips whose peak shows it

    @property
    def clips(self) -> int:
        return self.coarse_only + self.fine


@dataclass(frozen=True)
class Fallen:
    """Subjects that fell out, or missed the fine tier, for the same reason."""

    subject: str
    stage: str | None
    reason: str | None
    count: int
    example_id: str
    example: str | None  # the sentence of one of them


@dataclass(frozen=True)
class Bins:
    """A histogram that starts at 0; values beyond the last bin are counted in it."""

    step: float
    counts: tuple[int, ...]
    beyond: int

    @property
    def end(self) -> float:
        return self.step * len(self.counts)


@dataclass(frozen=True)
class Spread:
    """Where values lie: nearest-rank quantiles, so that each is a value that occurs."""

    values: int
    least: float
    low: float  # 10 %
    median: float
    mean: float
    high: float  # 90 %
    most: float
    total: float


def balances(head: ReportHead) -> list[Balance]:
    subjects = [s for s in SUBJECTS if s in head.found or s in head.states]
    strangers = sorted((set(head.found) | set(head.states)) - set(SUBJECTS))
    return [_balance(head, subject) for subject in (*subjects, *strangers)]


def _balance(head: ReportHead, subject: str) -> Balance:
    given = head.states.get(subject, {})
    others = {state: n for state, n in sorted(given.items()) if state not in STATES}
    states = {state: given.get(state, 0) for state in STATES} | others
    return Balance(subject, SUBJECTS.get(subject, subject), head.found.get(subject, 0), states)


def label_counts(clips: Sequence[ClipFacts]) -> list[LabelCount]:
    """The largest label first."""
    by_label: dict[str, list[ClipFacts]] = defaultdict(list)
    for clip in clips:
        by_label[clip.label].append(clip)
    counts = [_label_count(label, group) for label, group in by_label.items()]
    return sorted(counts, key=lambda c: (-c.clips, c.label))


def _label_count(label: str, group: list[ClipFacts]) -> LabelCount:
    tiers = Counter(clip.tier for clip in group)
    return LabelCount(
        label=label,
        coarse_only=tiers["coarse"],
        fine=tiers["fine"],
        hours=math.fsum(clip.duration_s or 0.0 for clip in group) / 3600,
        splits=Counter(clip.split for clip in group),
        aus=Counter(au for clip in group for au in set(clip.peak_aus)),
    )


def split_names(clips: Iterable[ClipFacts]) -> list[str]:
    """Splits in the order in which people name them; others after these, by name."""
    usual = ("train", "validation", "test")
    found = {clip.split for clip in clips}
    return [s for s in usual if s in found] + sorted(found - set(usual))


def seen_aus(labels: Iterable[LabelCount]) -> list[str]:
    """Action units that at least one peak shows, in FACS order."""
    return sorted({au for label in labels for au in label.aus})


def fallen(
    outcomes: Iterable[Outcome], state: Literal["released", "rejected", "failed", "pending"]
) -> list[Fallen]:
    """Outcomes of one state by subject, stage and reason, the most frequent first.

    Of released subjects only those that name where they missed the fine tier. The example is the
    one with the smallest id among those that say something.
    """
    groups: dict[tuple[str, str | None, str | None], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.state == state and (state != "released" or outcome.stage is not None):
            groups[outcome.subject, outcome.stage, outcome.reason].append(outcome)
    rows = [_fallen(key, group) for key, group in groups.items()]
    return sorted(rows, key=lambda r: (-r.count, r.subject, r.stage or "", r.reason or ""))


def _fallen(key: tuple[str, str | None, str | None], group: list[Outcome]) -> Fallen:
    example = min(group, key=lambda outcome: (outcome.detail is None, outcome.id))
    return Fallen(*key, len(group), example.id, example.detail)


def bins(values: Sequence[float], *, whole: bool = False, most: int = 24) -> Bins | None:
    """About `most` bins of a round width up to the 99 % quantile. None without values."""
    if not values:
        return None
    ordered = sorted(values)
    reach = ordered[math.ceil(0.99 * len(ordered)) - 1]
    step = round_step(reach / most, whole=whole)
    number = math.floor(reach / step) + 1
    counts = [0] * number
    for value in ordered:
        counts[min(math.floor(value / step), number - 1)] += 1
    return Bins(step, tuple(counts), sum(value >= step * number for value in ordered))


def spread(values: Sequence[float]) -> Spread | None:
    """None without values."""
    if not values:
        return None
    ordered = sorted(values)

    def rank(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    total = math.fsum(ordered)
    mean = total / len(ordered)
    return Spread(
        len(ordered), ordered[0], rank(0.1), rank(0.5), mean, rank(0.9), ordered[-1], total
    )
