"""Which label was given where which was meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError

OUTSIDE: Final = "outside"  # a label was read, but it is none of this label set
UNREADABLE: Final = "unreadable"  # no label, several, a refusal, nothing
EXTRA: Final = (OUTSIDE, UNREADABLE)


@dataclass(frozen=True)
class Confusion:
    """`counts`: [C, C + 2] int64, rows the labels meant, columns the labels given and then
    OUTSIDE and UNREADABLE, both of which are wrong whatever was meant."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.labels, *EXTRA)

    @property
    def clips(self) -> int:
        return int(self.counts.sum())


def confusion_of(labels: Sequence[str], pairs: Iterable[tuple[str, str]]) -> Confusion:
    """Of (meant, given) pairs; `given` is a label, OUTSIDE or UNREADABLE.

    SetupError for a label that was meant and is none of `labels`.
    """
    columns = {name: at for at, name in enumerate((*labels, *EXTRA))}
    counts = np.zeros((len(labels), len(columns)), np.int64)
    for meant, given in pairs:
        if meant not in labels:
            raise SetupError(
                f"label {meant!r}: is none of {', '.join(labels)}; choose the label set that the "
                "data is labelled with"
            )
        counts[columns[meant], columns[given]] += 1
    return Confusion(tuple(labels), counts)
