"""Seeded bootstrap intervals: how far a figure would move with other clips of the same kind."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from schemas.units import Row

LEVEL: Final = 0.95
RESAMPLES: Final = 2000


class Interval(Row):
    """Percentile interval (Efron and Tibshirani, 1993, chapter 13)."""

    low: float
    high: float


class BootstrapSettings(Row):
    seed: int = Field(default=0, ge=0, description="Seed of the resampling.")
    resamples: int = Field(
        default=RESAMPLES, ge=1, le=100_000, description="How often clips are drawn anew."
    )


def resampled_counts(counts: NDArray[np.int64], settings: BootstrapSettings) -> NDArray[np.int64]:
    """[R, ...] tables of counts, each of as many clips as `counts`, drawn with replacement.

    Drawing n clips with replacement and counting them is one multinomial draw over the cells.
    """
    clips = int(counts.sum())
    shares = counts.ravel() / clips
    drawn = np.random.default_rng(settings.seed).multinomial(clips, shares, settings.resamples)
    return drawn.reshape(settings.resamples, *counts.shape)


def resampled_means(
    values: NDArray[np.float64], settings: BootstrapSettings
) -> NDArray[np.float64]:
    """[R, K] means of the K columns of [N, K] values, clips drawn with replacement."""
    clips = len(values)
    draws = np.random.default_rng(settings.seed)
    shares = np.full(clips, 1 / clips)
    rows = [draws.multinomial(clips, shares) @ values for _ in range(settings.resamples)]
    return np.asarray(rows) / clips


def interval(values: NDArray[np.float64]) -> Interval | None:
    """None where a resample had nothing to count."""
    there = values[~np.isnan(values)]
    if not len(there):
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(low=float(low), high=float(high))


def intervals(
    columns: NDArray[np.float64], names: tuple[str, ...], settings: BootstrapSettings
) -> dict[str, Interval]:
    """By name, of the means of the columns of [N, K] values."""
    means = resampled_means(columns, settings)
    found = {name: interval(means[:, at]) for at, name in enumerate(names)}
    return {name: one for name, one in found.items() if one is not None}
