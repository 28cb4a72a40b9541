"""From one unbroken run of a face to action unit intensities: what counts as its rest."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.mesh_features import (
    eye_openness,
    measure_all,
    mouth_gap,
    population_intensities,
)
from annotators.models.mesh_geometry import Floats, frontal

SMOOTHING: Final = 3  # frames of the moving average
MAX_INTENSITY: Final = 5.0  # OpenFace's scale
# Lids closed by the unrefined mesh keep a gap of 0.15 of the eye's width (open test clips:
# woman_crying, eyes shut); open eyes lie at 0.24-0.33 there and on the astronaut of scikit-image.
EYE_SHUT: Final = 0.15
EYE_OPEN: Final = 0.28
EYE_OPEN_RANGE: Final = (0.22, 0.36)  # of a person's own open eye, its 90 % quantile


@dataclass(frozen=True)
class RestRule:
    """When a face's own rest is known: seen long enough, alive, and calm now and then.

    Its rest is then, per action unit, the `quantile` of the run. Alive: at least one unit ranges
    over `least_range` (a photograph on film ranges over 0.3 from noise alone); calm: a tenth of
    the frames moves less than `calm_speed` (the open test clips: 0.03-0.05).
    """

    quantile: float = 0.1
    least_s: float = 1.0
    least_frames: int = 15
    least_range: float = 0.5  # intensity, 95 % - 10 % quantile
    calm_speed: float = 0.3  # mean movement of the aligned points, eye distances a second


REST: Final = RestRule()


@dataclass(frozen=True, eq=False)
class Reading:
    """Numbers of n trusted frames of one run, [n] each."""

    over_rest: dict[str, Floats] | None  # None where the rest of this run is not known
    over_population: dict[str, Floats]
    eye_closure: Floats
    mouth_open: Floats
    smile: Floats


def read_run(
    shapes: Floats, frames: NDArray[np.int64], t_s: Floats, rule: RestRule = REST
) -> Reading:
    """Read one person in one shot: [n, K, 3] laid on the frontal template, at frame numbers [n]
    and times [n]."""
    own = frontal(shapes)
    population = {au: smoothed(v, frames) for au, v in population_intensities(shapes).items()}
    measures = {au: smoothed(v, frames) for au, v in measure_all(own).items()}
    known = _rest_is_known(measures, own, t_s, rule)
    return Reading(
        over_rest=_over_rest(measures, rule.quantile) if known else None,
        over_population=population,
        eye_closure=_closure(eye_openness(own), known),
        mouth_open=mouth_gap(shapes),
        smile=population["AU12"] / MAX_INTENSITY,
    )


def smoothed(values: Floats, frames: NDArray[np.int64]) -> Floats:
    """Mean of each frame and its direct neighbours in the clip; gaps are not bridged."""
    line = np.zeros(int(frames[-1] - frames[0]) + 1)
    seen = np.zeros_like(line)
    line[frames - frames[0]], seen[frames - frames[0]] = values, 1
    window = np.ones(SMOOTHING)
    total = np.convolve(line, window)[1:-1] / np.maximum(np.convolve(seen, window)[1:-1], 1)
    return np.asarray(total[frames - frames[0]])


def _over_rest(measures: dict[str, Floats], quantile: float) -> dict[str, Floats]:
    every = np.stack(list(measures.values()))  # one quantile of all takes little more than of one
    over = every - np.quantile(every, quantile, axis=1, keepdims=True)
    return dict(zip(measures, np.clip(over, 0, MAX_INTENSITY), strict=True))


def _rest_is_known(measures: dict[str, Floats], own: Floats, t_s: Floats, rule: RestRule) -> bool:
    if len(t_s) < rule.least_frames or _duration_s(t_s) < rule.least_s:
        return False
    low, high = np.quantile(np.stack(list(measures.values())), (0.1, 0.95), axis=1)
    moved = np.linalg.norm(np.diff(own, axis=0), axis=2).mean(axis=1)
    speed = moved / np.maximum(np.diff(t_s), 1e-3)
    return bool(
        (high - low).max() >= rule.least_range and np.quantile(speed, 0.1) < rule.calm_speed
    )


def _duration_s(t_s: Floats) -> float:
    """Of the frames seen, the last one included; gaps do not count."""
    step = float(np.median(np.diff(t_s)))
    return step * len(t_s)


def _closure(openness: Floats, known: bool) -> Floats:
    opened = float(np.clip(np.quantile(openness, 0.9), *EYE_OPEN_RANGE)) if known else EYE_OPEN
    return np.clip((opened - openness) / (opened - EYE_SHUT), 0, 1)
