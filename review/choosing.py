"""Which samples go into a queue, and in which order."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import Field

from schemas.review import ShownSample
from schemas.sample import Tier
from schemas.units import Probability, Row


class Choice(Row):
    """Every condition that is set must hold."""

    labels: tuple[str, ...] = ()  # none: all
    tier: Tier | None = None
    contradicted: bool = False  # only texts with a claim that the evidence contradicts
    disputed: bool = False  # only where opinions, or the clue writer's own label, differ
    below: Probability | None = None  # only where a confidence is named, and it is lower
    per_label: int | None = Field(default=None, ge=1)  # so many per label, drawn by `seed`
    seed: int = 0

    def takes(self, sample: ShownSample) -> bool:
        told = sample.told
        unsure = told.confidence is not None and told.confidence < (self.below or 0)
        return (
            (not self.labels or told.label in self.labels)
            and self.tier in (None, told.tier)
            and (told.contradicted or not self.contradicted)
            and (told.disputed or not self.disputed)
            and (unsure or self.below is None)
        )


def choose(samples: Iterable[ShownSample], choice: Choice) -> list[ShownSample]:
    """Those it takes, in an order that depends on the seed and the samples alone."""
    taken = [sample for sample in samples if choice.takes(sample)]
    taken.sort(key=lambda sample: lot(choice.seed, sample.told.sample_id))
    if choice.per_label is None:
        return taken
    by_label: dict[str, list[ShownSample]] = defaultdict(list)
    for sample in taken:
        by_label[sample.told.label].append(sample)
    kept = {s.told.sample_id for group in by_label.values() for s in group[: choice.per_label]}
    return [sample for sample in taken if sample.told.sample_id in kept]


def priority_of(sample: ShownSample) -> int:
    """Disputed and contradicted samples come first: 2 for both, 0 for neither."""
    return int(sample.told.contradicted) + int(sample.told.disputed)


def pairs(
    first: Sequence[ShownSample], second: Iterable[ShownSample]
) -> list[tuple[ShownSample, ShownSample]]:
    """Texts of the same sample in two sources that differ: what A/B asks about."""
    others = {sample.told.sample_id: sample for sample in second}
    found = [(one, others.get(one.told.sample_id)) for one in first]
    return [
        (one, other)
        for one, other in found
        if other is not None and other.told.text_hash != one.told.text_hash
    ]


def lot(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
