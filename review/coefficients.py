"""Coefficients of agreement between people, from counts [N units x V values] of who said what.

Raw: share of pairs of votes on the same unit that agree. Cohen (1960): two raters, every unit.
Fleiss (1971): any raters, the same number per unit. Krippendorff's alpha (Computing
Krippendorff's Alpha-Reliability, 2011): any raters, gaps allowed; nominal, ordinal, interval.
None stands for a coefficient that is not defined: no two votes on a unit, or one value only.
"""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.units import Row

Counts = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval"]

RESAMPLES: Final = 1_000
_AT_ONCE: Final = 100  # resamples held in memory together
_TAILS: Final = (2.5, 97.5)  # percent: a 95 % interval


class Alpha(Row):
    value: float | None
    low: float | None  # 95 %, bootstrap over units
    high: float | None
    units: int  # with two votes or more
    votes: int  # on those


def raw_agreement(counts: Counts) -> float | None:
    counts = _pairable(counts)
    if not len(counts):
        return None
    votes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum()
    return float(agreeing / (votes * (votes - 1)).sum())


def cohen(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Kappa of two raters over the units that both rated, value by value."""
    values = sorted({*first, *second})
    if not first:
        return None
    table = np.zeros((len(values), len(values)))
    for one, other in zip(first, second, strict=True):
        table[values.index(one), values.index(other)] += 1
    shares = table / table.sum()
    expected = float(shares.sum(axis=1) @ shares.sum(axis=0))
    if expected >= 1:
        return None
    return (float(np.trace(shares)) - expected) / (1 - expected)


def fleiss(counts: Counts) -> float | None:
    """Kappa; every unit must have the same number of votes, two or more."""
    if not len(counts):
        return None
    votes = counts.sum(axis=1)
    if votes[0] < 2 or not (votes == votes[0]).all():
        raise ValueError(f"units have {votes.min():.0f} to {votes.max():.0f} votes, not the same")
    shares = counts.sum(axis=0) / counts.sum()
    expected = float((shares**2).sum())
    observed = ((counts**2).sum(axis=1) - votes) / (votes * (votes - 1))
    return None if expected >= 1 else float((observed.mean() - expected) / (1 - expected))


def alpha(
    counts: Counts,
    metric: Metric = "nominal",
    values: Sequence[float] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Alpha:
    """Krippendorff's alpha with its interval. `values` [V]: the numbers that the columns stand
    for (interval), ascending (ordinal, interval)."""
    counts = _pairable(counts)
    units, votes = len(counts), int(counts.sum())
    if not units:
        return Alpha(value=None, low=None, high=None, units=0, votes=0)
    coincidences = _coincidences(counts)
    given = range(counts.shape[1]) if values is None else values
    numbers = np.asarray(given, np.float64)
    (value,) = _alphas(coincidences.sum(axis=0)[None], metric, numbers)
    low, high = _interval(coincidences, metric, numbers, seed, resamples)
    found = None if np.isnan(value) else float(value)
    return Alpha(value=found, low=low, high=high, units=units, votes=votes)


def _pairable(counts: Counts) -> Counts:
    return counts[counts.sum(axis=1) >= 2] if counts.size else counts.reshape(0, 0)


def _coincidences(counts: Counts) -> Counts:
    """[N, V, V]: pairs of values within each unit, weighted by 1 / (its votes - 1)."""
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= np.eye(counts.shape[1]) * counts[:, :, None]
    weighted: Counts = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return weighted


def _alphas(tables: Counts, metric: Metric, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[B] alphas of coincidence tables [B, V, V]; NaN where the values do not differ."""
    marginals = tables.sum(axis=2)
    distances = _distances(marginals, metric, values)
    total = marginals.sum(axis=1)
    observed = (tables * distances).sum(axis=(1, 2))
    expected = (marginals[:, :, None] * marginals[:, None, :] * distances).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = 1 - (total - 1) * observed / expected
    return np.where(expected > 0, found, np.nan)


def _distances(marginals: Counts, metric: Metric, values: NDArray[np.float64]) -> Counts:
    """[B, V, V] squared differences. Ordinal ones depend on how often the values between were
    given."""
    size = marginals.shape[1]
    if metric == "nominal":
        return np.broadcast_to(1 - np.eye(size), (len(marginals), size, size))
    if metric == "interval":
        square = (values[:, None] - values[None, :]) ** 2
        return np.broadcast_to(square, (len(marginals), size, size))
    ranks = np.cumsum(marginals, axis=1) - marginals / 2
    ordinal: Counts = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    return ordinal


def _interval(
    coincidences: Counts, metric: Metric, values: NDArray[np.float64], seed: int, resamples: int
) -> tuple[float | None, float | None]:
    """Units drawn anew with replacement, percentiles of what comes out. Resamples in which the
    values do not differ have no alpha and are left out."""
    size, drawn = len(coincidences), np.random.default_rng(seed)
    flat = coincidences.reshape(size, -1)
    found: list[NDArray[np.float64]] = []
    for start in range(0, resamples, _AT_ONCE):
        some = min(_AT_ONCE, resamples - start)
        weights = drawn.multinomial(size, np.full(size, 1 / size), size=some).astype(np.float64)
        tables = (weights @ flat).reshape(some, *coincidences.shape[1:])
        found.append(_alphas(tables, metric, values))
    kept = np.concatenate(found) if found else np.empty(0)
    kept = kept[~np.isnan(kept)]
    if size < 2 or not len(kept):
        return None, None
    low, high = np.percentile(kept, _TAILS)
    return float(low), float(high)
