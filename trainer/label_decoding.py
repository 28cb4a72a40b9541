"""Answers that can only be one of some labels."""

from collections.abc import Iterable
from typing import Any

from schemas.errors import SetupError
from trainer.generate import Allowed
from trainer.sequence import SequenceMaker


def only(labels: Iterable[str], maker: SequenceMaker) -> Allowed:
    """For generate(allowed=...): at each step the tokens that continue some label, or end one.

    Greedy along these: the label is the most probable step by step, not as a whole.
    """
    wanted = tuple(labels)
    paths = {tuple(maker.answer_ids(label)): label for label in wanted}
    if not wanted or len(paths) < len(set(wanted)):
        raise SetupError(f"labels {list(wanted)}: give some that differ once they are transformed")
    steps: dict[tuple[int, ...], set[int]] = {}
    for path in paths:
        for length in range(len(path)):
            steps.setdefault(path[:length], set()).add(path[length])
    after_the_end = {maker.end_id}  # rows that are done wait for the others of their batch

    def allowed(row: int, made: Any) -> list[int]:
        return sorted(steps.get(tuple(made.tolist()), after_the_end))

    return allowed
