"""The figures of a confusion matrix, for one matrix or for many at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Of matrices [..., C, C + 2] (see `Confusion`); NaN where nothing was there to count.

    Classes that were neither meant nor given have no part in `macro_f1`, classes that were not
    meant none in `uar` (as scikit-learn has it).
    """

    accuracy: Values  # [...]; DFEW's WAR
    uar: Values  # [...], mean recall of the classes
    weighted_f1: Values  # [...], by how often a class is meant
    weighted_precision: Values  # [...]; a class never given counts 0, as with scikit-learn
    macro_f1: Values  # [...]
    unreadable: Values  # [...], share of the answers
    outside: Values  # [...], share of the answers
    precision: Values  # [..., C]
    recall: Values  # [..., C]
    f1: Values  # [..., C]


def figures_of(counts: Counts) -> Figures:
    classes = counts.shape[-2]
    total = counts.sum(axis=(-2, -1))
    meant = counts.sum(axis=-1)
    given = counts[..., :classes].sum(axis=-2)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    precision, recall = _ratio(right, given), _ratio(right, meant)
    f1 = _ratio(2 * right, meant + given)
    return Figures(
        accuracy=_ratio(right.sum(axis=-1), total),
        uar=_mean(recall),
        weighted_f1=_ratio(_filled(f1 * meant), total),
        weighted_precision=_ratio(_filled(precision * meant), total),
        macro_f1=_mean(f1),
        unreadable=_ratio(counts[..., -1].sum(axis=-1), total),
        outside=_ratio(counts[..., -2].sum(axis=-1), total),
        precision=precision,
        recall=recall,
        f1=f1,
    )


def _ratio(part: Counts | Values, whole: Counts) -> Values:
    ratio: Values = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _mean(values: Values) -> Values:
    """Over the classes that have a value."""
    there = ~np.isnan(values)
    return _ratio(_filled(values), there.sum(axis=-1))


def _filled(values: Values) -> Values:
    total: Values = np.nan_to_num(values).sum(axis=-1)
    return total
