"""How far people agree, on labels, intensities and texts, and how far each one does."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from review.coefficients import RESAMPLES, Alpha, Metric, alpha, cohen, fleiss, raw_agreement
from review.history import all_events
from review.marks import MarkAgreement, with_machine
from review.queues import all_queues
from review.store import ReviewStore
from review.votes import Votes, counts_of, gather, people_of, without
from schemas.units import Row

Units = dict[str, dict[str, str]]


class PairKappa(Row):
    first: str  # pseudonyms
    second: str
    units: int
    raw: float
    kappa: float | None


class FleissKappa(Row):
    units: int
    votes_each: int
    kappa: float | None


class LabelAgreement(Row):
    """Given or not, each label by itself; several may be given."""

    label: str
    votes: int  # people who gave it
    raw: float | None
    alpha: Alpha


class Vitality(Row):
    person: str
    votes: int
    without: float | None  # alpha of the others alone
    vitality: float | None  # alpha of all minus that: below 0, agreement is better without


class Agreement(Row):
    queues: tuple[str, ...]
    people: int
    units: int  # clips with a vote on their label
    anchored_labels: int
    anchored_verdicts: int
    raw: float | None
    label: Alpha  # of the leading label, nominal
    cohen: tuple[PairKappa, ...]
    fleiss: FleissKappa | None  # over the clips that have the commonest number of votes
    labels: tuple[LabelAgreement, ...]
    intensity_ordinal: Alpha
    intensity_interval: Alpha
    verdict_raw: float | None
    verdict: Alpha
    vitality: tuple[Vitality, ...]
    marks: MarkAgreement  # of people with the machine, not among people


def agreement(
    store: ReviewStore,
    *,
    queue: str | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Of one queue, or of all work together; practice and adjudication never count."""
    names = tuple(q.name for q in all_queues(store) if q.kind == "work" and queue in (None, q.name))
    votes = gather(event for event in all_events(store) if event.queue in names)
    return measure(votes, queues=names, seed=seed, resamples=resamples)


def measure(
    votes: Votes, *, queues: tuple[str, ...] = (), seed: int = 0, resamples: int = RESAMPLES
) -> Agreement:
    def found(units: Units, metric: Metric = "nominal") -> Alpha:
        values = _values(units)
        numbers = [float(v) for v in values] if metric != "nominal" else None
        return alpha(counts_of(units, values), metric, numbers, seed=seed, resamples=resamples)

    firsts = votes.firsts
    intensities = {u: {p: str(i) for p, i in by.items()} for u, by in votes.intensities.items()}
    return Agreement(
        queues=queues,
        people=len({*people_of(firsts), *people_of(votes.verdicts)}),
        units=len(firsts),
        anchored_labels=votes.anchored_labels,
        anchored_verdicts=votes.anchored_verdicts,
        raw=raw_agreement(counts_of(firsts, _values(firsts))),
        label=found(firsts),
        cohen=tuple(_pairs(firsts)),
        fleiss=_fleiss(firsts),
        labels=tuple(_per_label(votes, seed, resamples)),
        intensity_ordinal=found(intensities, "ordinal"),
        intensity_interval=found(intensities, "interval"),
        verdict_raw=raw_agreement(counts_of(votes.verdicts, _values(votes.verdicts))),
        verdict=found(votes.verdicts),
        vitality=tuple(_vitality(firsts)),
        marks=with_machine(votes.marks),
    )


def _values(units: Units) -> list[str]:
    """Sorted; numbers from 1 to 5 sort as they should."""
    return sorted({said for by in units.values() for said in by.values()})


def _pairs(units: Units) -> Sequence[PairKappa]:
    """Every two people that share a clip."""
    found = []
    for one, two in combinations(people_of(units), 2):
        shared = [(by[one], by[two]) for by in units.values() if one in by and two in by]
        if shared:
            first, second = zip(*shared, strict=True)
            raw = float(np.mean([a == b for a, b in shared]))
            kappa = cohen(first, second)
            pair = PairKappa(first=one, second=two, units=len(shared), raw=raw, kappa=kappa)
            found.append(pair)
    return found


def _fleiss(units: Units) -> FleissKappa | None:
    sizes = Counter(len(by) for by in units.values() if len(by) >= 2)
    if not sizes:
        return None
    each = max(sizes, key=lambda size: (sizes[size], size))
    kept = {u: by for u, by in units.items() if len(by) == each}
    kappa = fleiss(counts_of(kept, _values(kept)))
    return FleissKappa(units=len(kept), votes_each=each, kappa=kappa)


def _per_label(votes: Votes, seed: int, resamples: int) -> Sequence[LabelAgreement]:
    given = sorted(
        {label for by in votes.labels.values() for said in by.values() for label in said}
    )
    found = []
    for label in given:
        units = {
            unit: {person: "yes" if label in said else "no" for person, said in by.items()}
            for unit, by in votes.labels.items()
        }
        counts = counts_of(units, ("no", "yes"))
        found.append(
            LabelAgreement(
                label=label,
                votes=int(counts[:, 1].sum()),
                raw=raw_agreement(counts),
                alpha=alpha(counts, seed=seed, resamples=resamples),
            )
        )
    return found


def _vitality(units: Units) -> Sequence[Vitality]:
    values = _values(units)
    whole = alpha(counts_of(units, values), resamples=0).value
    found = []
    for person in people_of(units):
        rest = alpha(counts_of(without(units, person), values), resamples=0).value
        found.append(
            Vitality(
                person=person,
                votes=sum(person in by for by in units.values()),
                without=rest,
                vitality=None if whole is None or rest is None else whole - rest,
            )
        )
    return found
