"""What people say together: a label of a clip, and what becomes of a text.

More than half decide; a lead's last word decides alone. A label follows the clip; what was said of
a text holds for an equal text_hash alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from schemas.review import PersonSaid, ReviewVerdict, TextState

T = TypeVar("T")

_STATES: Final[dict[ReviewVerdict, TextState]] = {
    "accept": "accepted",
    "edit": "edited",
    "reject": "rejected",
    "not_visible": "unclear",
    "not_audible": "unclear",
    "cannot_tell": "unclear",
    "distressing": "unclear",
}


@dataclass(frozen=True)
class PeopleLabel:
    label: str
    share: float  # of the people who named one: who led with this


@dataclass(frozen=True)
class PeopleText:
    state: TextState
    text: str | None = None  # the people's own; where edited


@dataclass(frozen=True)
class Opinions:
    """Everything that people said, by clip and by sample, in the order it was said."""

    said: tuple[PersonSaid, ...] = ()

    @cached_property
    def by_clip(self) -> dict[str, list[PersonSaid]]:
        return _grouped((one.clip_id, one) for one in self.said)

    @cached_property
    def by_sample(self) -> dict[str, list[PersonSaid]]:
        return _grouped((one.sample_id, one) for one in self.said)

    def label_of(self, clip_id: str) -> PeopleLabel | None:
        """None: nobody named one yet whose word counts, or they do not agree."""
        counted = [s for s in self.by_clip.get(clip_id, ()) if s.counted and s.labels]
        votes = list({one.person: one.labels[0] for one in counted}.values())
        last = next((one.labels[0] for one in reversed(counted) if one.adjudicated), None)
        label = leading(votes) if last is None else last
        return None if label is None else PeopleLabel(label, votes.count(label) / len(votes))

    def text_of(self, sample_id: str, text_hash: str | None) -> PeopleText:
        """Of the text with this hash, and of no other."""
        counted = [
            one
            for one in self.by_sample.get(sample_id, ())
            if one.counted and one.text_hash == text_hash and one.verdict is not None
        ]
        last = [one for one in counted if one.adjudicated][-1:]
        votes = {one.person: (one.verdict, one.edited_text) for one in last or counted}
        if not votes:
            return PeopleText("unseen")
        found = leading(list(votes.values()))
        if found is None or found[0] is None:
            return PeopleText("disputed")
        return PeopleText(_STATES[found[0]], found[1])


def leading(votes: Sequence[T]) -> T | None:
    """The vote of more than half; None: there is none, or nobody voted."""
    if not votes:
        return None
    vote, count = Counter(votes).most_common(1)[0]
    return vote if count * 2 > len(votes) else None


def _grouped(pairs: Iterable[tuple[str, PersonSaid]]) -> dict[str, list[PersonSaid]]:
    found: dict[str, list[PersonSaid]] = defaultdict(list)
    for key, one in pairs:
        found[key].append(one)
    return dict(found)
