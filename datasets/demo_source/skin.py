"""What colour the rendered man is, as a function of the place on his resting head."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from photo import smooth

Array = NDArray[np.float64]

BODY: Final = 0
EYE: Final = 1
TEETH: Final = 2

# Albedo, linear RGB. All of this was set by eye.
SKIN: Final = np.array([0.55, 0.335, 0.235])
LIP: Final = np.array([0.50, 0.235, 0.19])
HAIR: Final = np.array([0.026, 0.017, 0.012])
MOUTH: Final = np.array([0.10, 0.02, 0.02])
SHIRT: Final = np.array([0.07, 0.11, 0.17])
ENAMEL: Final = np.array([0.38, 0.345, 0.285])
SCLERA: Final = np.array([0.62, 0.58, 0.55])
IRIS: Final = np.array([0.12, 0.075, 0.04])

X, Y, Z = 73856093, 19349663, 83492791  # primes that scatter the cells of the noise


@dataclass(frozen=True, eq=False)
class Spot:
    """Places on the resting head, N of them. Decimetres from between the eyes: x to his left,
    y up, z to the front."""

    place: Array  # [N, 3]
    part: NDArray[np.int64]  # [N] BODY, EYE or TEETH
    lips: Array  # [N] 0-1, painted mask
    inside: Array  # [N] 0-1, inside of the mouth
    ears: Array  # [N] 0-1

    @cached_property
    def hair(self) -> Array:
        return hair(self.place, self.ears)

    @cached_property
    def brows(self) -> Array:
        return brows(self.place)

    @cached_property
    def shirt(self) -> Array:
        return shirt(self.place)

    @cached_property
    def pores(self) -> Array:
        """Fine unevenness of the skin, 0-1."""
        return _grain(self.place, 45, seed=2)


def albedo(spot: Spot, eyes: Array, radius: float) -> Array:
    """[N, 3] linear RGB. `eyes`: [2, 3] the middles of his right and left eyeball."""
    colour = _blend(_skin(spot), LIP, spot.lips)
    colour = _blend(colour, HAIR, spot.brows)
    tuft = _grain(spot.place * [1.0, 0.5, 0.5], 60, seed=4)
    colour = _blend(colour, HAIR * (0.75 + 0.8 * tuft)[:, None], spot.hair)
    colour *= 1 - _lashes(spot, eyes, radius)[:, None]
    colour = _blend(colour, MOUTH, _rise(0.3, 0.7, spot.inside))
    weave = _grain(spot.place * [1.0, 0.2, 1.0], 60, seed=5)
    colour = _blend(colour, SHIRT * (0.88 + 0.25 * weave)[:, None], spot.shirt)
    colour[spot.part == TEETH] = ENAMEL
    eye = spot.part == EYE
    colour[eye] = _eye(spot.place[eye], eyes)
    return colour


def hair(place: Array, ears: Array) -> Array:
    """How much hair covers a place, 0-1."""
    ragged = height_over_hairline(place) + 0.035 * (_grain(place, 40, seed=0) - 0.5)
    return _rise(-0.03, 0.05, ragged) * (1 - _rise(0.05, 0.4, ears))


def height_over_hairline(place: Array) -> Array:
    """Decimetres, roughly; positive under the hair."""
    x, y, z = np.abs(place[:, 0]), place[:, 1], place[:, 2]
    front = np.where(y > 0.30, y - 0.66 + 0.75 * np.maximum(x - 0.42, 0), -1.0)
    back = np.minimum(-0.30 - z - 0.25 * np.maximum(-y, 0), y + 0.62)
    side = np.minimum(0.02 - z - 0.25 * np.maximum(0.45 - y, 0), y + 0.12)
    return np.maximum(np.maximum(front, back), side)


def brows(place: Array) -> Array:
    x, y = np.abs(place[:, 0]), place[:, 1]
    along = np.clip((x - 0.11) / 0.45, 0, 1)  # from the nose outwards
    middle = 0.165 + 0.085 * np.sin(0.72 * np.pi * along) - 0.02 * along
    thick = 0.046 * (1 - 0.6 * along)
    ends = _rise(0.07, 0.15, x) * (1 - _rise(0.50, 0.58, x)) * (place[:, 2] > 0)
    strands = 0.75 + 0.4 * _grain(place * [1.0, 0.35, 1.0], 70, seed=3)
    return np.clip(np.exp(-(((y - middle) / thick) ** 2)) * ends * strands, 0, 0.9)


def shirt(place: Array) -> Array:
    """1 below a round neckline that hangs lower in front, else 0."""
    dip = 1 - np.minimum(np.abs(place[:, 0]) / 0.75, 1.4) ** 2
    return (place[:, 1] < -1.5 - 0.3 * _rise(-0.9, 0.1, place[:, 2]) * dip).astype(np.float64)


def _skin(spot: Spot) -> Array:
    x, y, z = np.abs(spot.place[:, 0]), spot.place[:, 1], spot.place[:, 2]
    fine = spot.pores
    colour = SKIN * (0.89 + 0.10 * _grain(spot.place, 9, seed=1) + 0.12 * fine)[:, None]
    cheeks = 0.5 * np.exp(-((x - 0.42) ** 2 + (y + 0.42) ** 2) / 0.05)
    nose = 0.5 * np.exp(-(x**2 + (y + 0.42) ** 2) / 0.02)
    red = (cheeks + nose + 0.5 * spot.ears)[:, None]
    colour *= 1 + red * np.array([0.08, -0.14, -0.10])
    shaved = _rise(-0.55, -0.75, y) * (y > -1.25) * (z > -0.35) * (1 - spot.lips)
    return colour * (1 - 0.16 * shaved * (0.5 + fine))[:, None]


def _lashes(spot: Spot, eyes: Array, radius: float) -> Array:
    """The dark edge of the upper lids, 0-1."""
    middle = np.where(spot.place[:, :1] < 0, eyes[0], eyes[1])
    away = np.linalg.norm(spot.place - middle, axis=1) - radius
    edge = 0.75 * np.exp(-np.maximum(away, 0) / 0.022)
    return edge * (spot.part == BODY) * (spot.place[:, 1] > middle[:, 1] - 0.01)


def _eye(place: Array, eyes: Array) -> Array:
    off = place - np.where(place[:, :1] < 0, eyes[0], eyes[1])
    out = np.hypot(off[:, 0], off[:, 1])
    iris = 1 - _rise(0.072, 0.080, out)
    pupil = 1 - _rise(0.030, 0.036, out)
    ring = np.exp(-(((out - 0.075) / 0.009) ** 2))
    colour = _blend(np.tile(SCLERA, (len(place), 1)), IRIS * (0.7 + 6 * out)[:, None], iris)
    shade = (1 - 0.93 * pupil) * (1 - 0.6 * ring) * (1 - 0.55 * _rise(0.02, 0.11, off[:, 1]))
    return colour * shade[:, None]


def _blend(under: Array, over: Array, cover: Array) -> Array:
    return under * (1 - cover[:, None]) + over * cover[:, None]


def _rise(low: float, high: float, x: Array) -> Array:
    """0 at `low`, 1 at `high`; `low` may be the greater one."""
    return smooth((x - low) / (high - low))


def _grain(place: Array, frequency: float, *, seed: int) -> Array:
    """Value noise, 0-1, fixed to the head."""
    table = np.random.default_rng(seed).random(4096)
    cell = np.floor(place * frequency)
    far = smooth(place * frequency - cell).T  # from the lower corner, [3, N]
    near, (x, y, z) = 1 - far, cell.astype(np.int64).T
    noise = np.zeros(len(place))
    for a, b, c in np.ndindex(2, 2, 2):
        share = (near, far)[a][0] * (near, far)[b][1] * (near, far)[c][2]
        noise += share * table[((x + a) * X ^ (y + b) * Y ^ (z + c) * Z) & 4095]
    return noise
