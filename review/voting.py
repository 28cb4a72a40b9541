"""What several people say together: the label that more than half of them lead with."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def leading(votes: Sequence[T]) -> T | None:
    """The vote of more than half; None: there is none, or nobody voted."""
    if not votes:
        return None
    vote, count = Counter(votes).most_common(1)[0]
    return vote if count * 2 > len(votes) else None
