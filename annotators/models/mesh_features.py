"""From an aligned face to one number per action unit: the geometry behind the proxies."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from annotators.models.mesh_geometry import Floats, columns

# Formulas and gains were chosen against OpenFace 2 on 19 clips; AU04, AU05, AU09 and AU23 found no
# support there and have none. The gain turns eye distances into OpenFace's 0-5 (fitted to its
# mean and 95 % quantile), so values compare frames of one clip, not people.


@dataclass(frozen=True)
class Feature:
    """A measure that grows with the action unit; eye distances over the resting face * gain."""

    measure: Callable[[Floats], Floats]  # [T, K, 3] aligned -> [T]
    gain: float  # intensity per eye distance


def _y(face: Floats, *points: int) -> Floats:
    """[T] mean height of points; y grows downward."""
    return np.asarray(face[:, columns(*points), 1].mean(axis=1))


def _far(face: Floats, one: int, other: int) -> Floats:
    a, b = columns(one, other)
    return np.asarray(np.linalg.norm(face[:, a] - face[:, b], axis=1))


def _eye_line(face: Floats) -> Floats:
    return _y(face, 33, 133, 263, 362)


def _corner_lift(face: Floats) -> Floats:
    return _y(face, 13, 14) - _y(face, 61, 291)


def inner_gap(face: Floats) -> Floats:
    """[T] mean gap between the inner lips."""
    pairs = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
    return np.asarray(np.mean([_far(face, *pair) for pair in pairs], axis=0))


def mouth_gap(face: Floats) -> Floats:
    """[T] gap between the middles of the inner lips / distance of the outer eye corners."""
    return _far(face, 13, 14) / _far(face, 33, 263)


def eye_openness(face: Floats) -> Floats:
    """[T] gap between the lids / width of the eye, mean of both eyes."""
    right = np.mean([_far(face, *p) for p in ((159, 145), (158, 153), (160, 144))], axis=0)
    left = np.mean([_far(face, *p) for p in ((386, 374), (385, 380), (387, 373))], axis=0)
    ratio = right / _far(face, 33, 133) + left / _far(face, 263, 362)
    return np.asarray(ratio / 2)


def _inner_brow(face: Floats) -> Floats:
    return _y(face, 168, 6) - _y(face, 55, 285, 107, 336)


def _outer_brow(face: Floats) -> Floats:
    return _eye_line(face) - _y(face, 70, 46, 63, 53, 300, 276, 293, 283)


def _cheek(face: Floats) -> Floats:
    cheeks = _y(face, 50, 101, 118, 117, 205, 280, 330, 347, 346, 425)
    eye_to_mouth = (_far(face, 61, 33) + _far(face, 291, 263)) / 2
    return _eye_line(face) - cheeks - eye_to_mouth


def _lower_lid(face: Floats) -> Floats:
    return _eye_line(face) - _y(face, 145, 153, 144, 374, 380, 373)


def _upper_lip(face: Floats) -> Floats:
    return _corner_lift(face) - _far(face, 0, 13)


def _smile(face: Floats) -> Floats:
    corner_to_cheek = (_far(face, 205, 61) + _far(face, 425, 291)) / 2
    return _corner_lift(face) + _far(face, 61, 291) / 2 - corner_to_cheek


def _dimple(face: Floats) -> Floats:
    return _corner_lift(face) - (_y(face, 37, 267) - _y(face, 0))


def _corner_drop(face: Floats) -> Floats:
    return _y(face, 61, 291) - _eye_line(face)


def _chin(face: Floats) -> Floats:
    return _far(face, 17, 152)


def _stretch(face: Floats) -> Floats:
    return _far(face, 61, 291) - 0.3 * _corner_lift(face) + _far(face, 129, 358) / 2


def _lips_apart(face: Floats) -> Floats:
    return inner_gap(face) + 0.7 * _far(face, 0, 17)


def _jaw(face: Floats) -> Floats:
    jaw = _y(face, 152, 148, 377) - _eye_line(face)
    return jaw + (_y(face, 0, 37, 267) - _y(face, 2, 97, 326)) / 2


def _lids_shut(face: Floats) -> Floats:
    return -eye_openness(face)


FEATURES: Final = {
    "AU01": Feature(_inner_brow, 41),
    "AU02": Feature(_outer_brow, 12),
    "AU06": Feature(_cheek, 13),
    "AU07": Feature(_lower_lid, 180),
    "AU10": Feature(_upper_lip, 41),
    "AU12": Feature(_smile, 18),
    "AU14": Feature(_dimple, 43),
    "AU15": Feature(_corner_drop, 11),
    "AU17": Feature(_chin, 27),
    "AU20": Feature(_stretch, 6),
    "AU25": Feature(_lips_apart, 9.5),
    "AU26": Feature(_jaw, 12),
    "AU45": Feature(_lids_shut, 7),
}


@dataclass(frozen=True)
class PopulationFeature:
    """A measure whose resting value hardly differs between people."""

    measure: Callable[[Floats], Floats]
    neutral: float  # eye distances
    gain: float


def _lower_lip(face: Floats) -> Floats:
    return _y(face, 14) - _y(face, 2)


# Only mouths have a rest that people share. Neutral values: resting frames of the two people of the
# open test clips (10 % quantile of each clip, aligned to the template). AU12: -0.09 and -0.07.
# AU25: gap 0.01 in both; lip thickness is left out, the gain makes up for it (x 1.7). AU26: a broad
# smile without jaw drop brings the lower lip to 0.33 below the nose, so only more than that counts.
POPULATION: Final = {
    "AU12": PopulationFeature(_smile, -0.08, 18),
    "AU25": PopulationFeature(inner_gap, 0.01, 16),
    "AU26": PopulationFeature(_lower_lip, 0.33, 12),
}


def measure_all(face: Floats) -> dict[str, Floats]:
    """[T, K, 3] aligned to the person's own frontal face -> per action unit [T] measure * gain."""
    return {au: feature.gain * feature.measure(face) for au, feature in FEATURES.items()}


def population_intensities(face: Floats) -> dict[str, Floats]:
    """[T, K, 3] aligned to the template -> [T] intensities over the population's neutral face."""
    over = partial(np.clip, a_min=0, a_max=5)
    return {
        au: np.asarray(over(f.gain * (f.measure(face) - f.neutral))) for au, f in POPULATION.items()
    }
