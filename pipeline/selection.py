"""Which fine samples enter a release: what can only be judged over the whole set."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.failure import Rejection
from schemas.units import Probability, Row


class PublishSettings(Row):
    seed: int = Field(default=0, description="Decides splits, prompts and what is sampled out.")
    train: Probability = Field(default=0.8, description="Share of the videos for training.")
    val: Probability = Field(default=0.1, description="Share for validation; the rest is test.")
    media: Literal["embed", "embed-frames", "reference"] = Field(
        default="embed",
        description="Put pictures and sound into the release, pictures only, or neither "
        "(reference): for data whose licence forbids to pass it on.",
    )
    source_licence: str | None = Field(
        default=None,
        description="Licence of the videos, e.g. CC-BY-4.0. Not set: the card says that nobody "
        "said, and that the release must not be passed on.",
    )
    drop_duplicates: bool = Field(
        default=True, description="Keep one fine sample of several with the same text."
    )
    neutral_share: Probability | None = Field(
        default=None,
        description="Largest share of neutral in the fine tier; more are sampled out by seed. "
        "MERR's fine set has 0.30. Not set: keep all.",
    )
    max_ratio: float | None = Field(
        default=None,
        ge=1,
        description="A label may have at most so many times the fine samples of the rarest one; "
        "more are sampled out by seed. Not set: keep all.",
    )

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.train + self.val > 1:
            raise ValueError(f"train {self.train} and val {self.val} are more than 1 together")
        return self

    @property
    def shares(self) -> dict[str, float]:
        return {
            "train": self.train,
            "val": self.val,
            "test": max(0.0, 1 - self.train - self.val),
        }


@dataclass(frozen=True)
class Candidate:
    clip_id: str
    label: str
    text_hash: str


def leave_out(candidates: Sequence[Candidate], settings: PublishSettings) -> dict[str, Rejection]:
    """clip_id -> why its fine sample stays out. Independent of the order of the candidates."""
    left: dict[str, Rejection] = {}
    if settings.drop_duplicates:
        left |= _duplicates(candidates)
    kept = [c for c in candidates if c.clip_id not in left]
    if settings.max_ratio is not None:
        left |= _over_ratio(kept, settings.max_ratio, settings.seed)
        kept = [c for c in kept if c.clip_id not in left]
    if settings.neutral_share is not None:
        left |= _over_neutral(kept, settings.neutral_share, settings.seed)
    return left


def _duplicates(candidates: Sequence[Candidate]) -> dict[str, Rejection]:
    first: dict[str, str] = {}
    for candidate in sorted(candidates, key=lambda c: c.clip_id):
        first.setdefault(candidate.text_hash, candidate.clip_id)
    return {
        c.clip_id: _reject(c, "duplicate", f"its text is that of clip {first[c.text_hash]}")
        for c in candidates
        if first[c.text_hash] != c.clip_id
    }


def _over_ratio(
    candidates: Sequence[Candidate], max_ratio: float, seed: int
) -> dict[str, Rejection]:
    by_label: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_label.setdefault(candidate.label, []).append(candidate)
    most = int(min((len(group) for group in by_label.values()), default=0) * max_ratio)
    reason = f"its label has more than {most} fine samples (publish.max_ratio {max_ratio:g})"
    return {
        c.clip_id: _reject(c, "balance", reason)
        for group in by_label.values()
        for c in _drawn(group, seed)[most:]
    }


def _over_neutral(candidates: Sequence[Candidate], share: float, seed: int) -> dict[str, Rejection]:
    neutral = [c for c in candidates if c.label == "neutral"]
    others = len(candidates) - len(neutral)
    most = len(neutral) if share >= 1 else int(share * others / (1 - share))
    reason = f"neutral would be more than {share:.0%} of the fine tier (publish.neutral_share)"
    return {c.clip_id: _reject(c, "neutral_share", reason) for c in _drawn(neutral, seed)[most:]}


def _drawn(candidates: Iterable[Candidate], seed: int) -> list[Candidate]:
    """In an order that depends on seed and clip alone."""
    return sorted(
        candidates, key=lambda c: hashlib.sha256(f"{seed}:{c.clip_id}".encode()).hexdigest()
    )


def _reject(candidate: Candidate, rule: str, reason: str) -> Rejection:
    return Rejection(
        subject="clip", id=candidate.clip_id, stage="publish", rule=rule, reason=reason
    )
