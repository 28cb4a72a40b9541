"""Scores of a classification: what is written down and shown."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from schemas.units import Row
from trainer.metrics.bootstrap import (
    BootstrapSettings,
    Interval,
    interval,
    resampled_counts,
)
from trainer.metrics.confusion import Confusion
from trainer.metrics.figures import Figures, figures_of

FIGURES: Final = (
    "accuracy",
    "uar",
    "weighted_f1",
    "weighted_precision",
    "macro_f1",
    "unreadable",
    "outside",
)


class ClassScores(Row):
    """One label. None: it was never given (precision) or never meant (recall), or neither."""

    label: str
    meant: int
    given: int
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


class Scores(Row):
    """`accuracy` is DFEW's WAR. `intervals` hold 95 % of resampled clips, by figure."""

    clips: int
    accuracy: float
    uar: float
    weighted_f1: float
    weighted_precision: float
    macro_f1: float
    unreadable: float
    outside: float
    intervals: dict[str, Interval]
    bootstrap: BootstrapSettings
    classes: tuple[ClassScores, ...]
    columns: tuple[str, ...]  # of the confusion matrix; its rows are the labels of `classes`
    confusion: tuple[tuple[int, ...], ...]  # rows meant, columns given


def scores_of(confusion: Confusion, bootstrap: BootstrapSettings) -> Scores:
    """SetupError where there is no clip to score."""
    if not confusion.clips:
        raise SetupError("there is no clip to score: give predictions with labels")
    found = figures_of(confusion.counts)
    drawn = figures_of(resampled_counts(confusion.counts, bootstrap))
    spread = {name: interval(getattr(drawn, name)) for name in FIGURES}
    return Scores(
        clips=confusion.clips,
        **{name: float(getattr(found, name)) for name in FIGURES},
        intervals={name: one for name, one in spread.items() if one is not None},
        bootstrap=bootstrap,
        classes=tuple(_classes(confusion, found)),
        columns=confusion.columns,
        confusion=tuple(tuple(map(int, row)) for row in confusion.counts),
    )


def _classes(confusion: Confusion, found: Figures) -> Iterator[ClassScores]:
    counts = confusion.counts
    for at, label in enumerate(confusion.labels):
        yield ClassScores(
            label=label,
            meant=int(counts[at].sum()),
            given=int(counts[:, at].sum()),
            right=int(counts[at, at]),
            precision=_known(found.precision, at),
            recall=_known(found.recall, at),
            f1=_known(found.f1, at),
        )


def _known(values: NDArray[np.float64], at: int) -> float | None:
    return None if np.isnan(values[at]) else float(values[at])
