"""A photograph that moves: a still face warped by drives, and a picture under a moving camera."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # [H, W, 3] RGB
Points = NDArray[np.float64]  # [..., 2] x, y in pixels; x right, y down

WIDTH: Final = 640
HEIGHT: Final = 360

# Points of MediaPipe's 468-point mesh, from her right corner of the mouth to her left one.
UPPER_LIP: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
CHIN: Final = 152

# (mesh point, x, y, reach): at full drive the skin around the point moves by x, y pixels, and
# the movement fades as a Gaussian of that reach. Set by eye on this one picture.
PULLS: Final = {
    "smile": (
        (61, -8.5, -10.0, 20.0), (291, 8.5, -10.0, 20.0),
        (205, -2.0, -4.0, 22.0), (425, 2.0, -4.0, 22.0),
        (145, 0.0, -2.0, 10.0), (374, 0.0, -2.0, 10.0),
    ),
    "brows": (
        (105, 0.0, -9.0, 18.0), (334, 0.0, -9.0, 18.0),
        (55, 0.0, -10.0, 18.0), (285, 0.0, -10.0, 18.0),
        (159, 0.0, -2.0, 8.0), (386, 0.0, -2.0, 8.0),
    ),
    "mouth_open": ((61, 5.0, 3.0, 16.0), (291, -5.0, 3.0, 16.0)),  # and the jaw, below
}  # fmt: skip
JAW_DROP: Final = 24.0  # pixels at full drive
GRID: Final = 2  # pixels between the points where the warp is solved
NECK: Final = 60.0  # pixels below the chin over which the drop fades
CAVITY: Final = (46.0, 16.0, 16.0)  # RGB of the inside of a mouth


@dataclass(frozen=True, eq=False)
class Portrait:
    picture: Picture  # [360, 640, 3]
    mesh: Points  # [468, 2]


def load_portrait(folder: Path) -> Portrait:
    """The astronaut of scikit-image, cropped to 320x180 and enlarged twice."""
    mesh = np.loadtxt(folder / "astronaut_mesh.csv", delimiter=",", skiprows=1)[:, 1:]
    return Portrait(_enlarged(load_picture(folder / "astronaut.png")), mesh)


def load_picture(path: Path) -> Picture:
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise SystemExit(f"{path} is missing or no picture; restore it with: git checkout {path}")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def warp_portrait(portrait: Portrait, drives: dict[str, float], *, sway: Points) -> Picture:
    """The portrait with `smile`, `brows` and `mouth_open` at 0-1, moved by `sway` pixels."""
    closed = {name: value for name, value in drives.items() if name != "mouth_open"}
    picture = _remap(portrait, drives)
    if drives.get("mouth_open", 0.0) > 0:
        picture = _open_mouth(portrait, picture, drives, closed)
    shift = np.float32([[1, 0, sway[0]], [0, 1, sway[1]]])
    return cv2.warpAffine(
        picture, shift, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


def pan(picture: Picture, *, centre: Points, width: float) -> Picture:
    """The 16:9 window of that width around `centre`, as a 640x360 frame."""
    scale = WIDTH / width
    x, y = WIDTH / 2 - scale * centre[0], HEIGHT / 2 - scale * centre[1]
    view = np.float32([[scale, 0, x], [0, scale, y]])
    return cv2.warpAffine(
        picture, view, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


def _enlarged(picture: Picture) -> Picture:
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def _remap(portrait: Portrait, drives: dict[str, float]) -> Picture:
    """Each pixel from where it was before it moved: q = p + move(p), solved for p by iteration."""
    y, x = np.mgrid[0.5:HEIGHT:GRID, 0.5:WIDTH:GRID]  # centres of the cells, as resize() means it
    here = np.stack([x, y], axis=-1)
    source = here
    for _ in range(10):
        source = 0.3 * source + 0.7 * (here - _move(portrait.mesh, source, drives))
    back = cv2.resize((source - here).astype(np.float32), (WIDTH, HEIGHT))
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return cv2.remap(portrait.picture, columns + back[..., 0], rows + back[..., 1], cv2.INTER_CUBIC)


def _move(mesh: Points, at: Points, drives: dict[str, float]) -> Points:
    """Displacement in pixels of the skin that rests at these points."""
    moved = np.zeros_like(at)
    for name, value in drives.items():
        for point, x, y, reach in PULLS.get(name, ()):
            far = ((at - mesh[point]) ** 2).sum(axis=-1) / reach**2
            moved += value * np.exp(-far)[..., None] * np.array([x, y])
    moved[..., 1] += drives.get("mouth_open", 0.0) * JAW_DROP * _jaw(mesh, at)
    return moved


def _jaw(mesh: Points, at: Points) -> NDArray[np.float64]:
    """How far a point goes with the jaw, 0-1: nothing above the upper lip, all at the lower."""
    upper, lower = mesh[list(UPPER_LIP)], mesh[list(LOWER_LIP)]
    middle, half = upper[:, 0].mean(), np.ptp(upper[:, 0]) / 2
    x, y = at[..., 0], at[..., 1]
    roof = np.interp(x, upper[:, 0], upper[:, 1])
    floor = np.maximum(np.interp(x, lower[:, 0], lower[:, 1]), roof + 4)
    low = smooth((y - roof) / (floor - roof))
    depth = smooth((y - floor) / (mesh[CHIN, 1] - floor))
    wide = half * (0.9 + 0.6 * depth)  # the jaw is wider than the mouth
    neck = 1 - smooth((y - mesh[CHIN, 1]) / NECK)
    return low * neck * np.exp(-(((x - middle) / wide) ** 2))


def _open_mouth(
    portrait: Portrait, picture: Picture, drives: dict[str, float], closed: dict[str, float]
) -> Picture:
    """Between the lips: the upper teeth where they were, below them the dark of the mouth."""
    upper, lower = portrait.mesh[list(UPPER_LIP)], portrait.mesh[list(LOWER_LIP)]
    roof = upper + _move(portrait.mesh, upper, drives)
    floor = lower + _move(portrait.mesh, lower, drives)
    edge = lower + _move(portrait.mesh, lower, closed) - [0.0, 1.5]  # of the upper teeth
    teeth = _remap(portrait, closed).astype(np.float64)
    inside = _filled(np.concatenate([roof, floor[::-1]]))[..., None]
    bite = _filled(np.concatenate([roof - [0.0, 2.0], edge[::-1]]))[..., None]
    mouth = bite * teeth + (1 - bite) * np.array(CAVITY)
    return np.rint(inside * mouth + (1 - inside) * picture).astype(np.uint8)


def _filled(outline: Points) -> NDArray[np.float64]:
    """Mask 0-1 of a polygon, its edge two pixels soft."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), 0.9).astype(np.float64) / 255


def smooth(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 up to 0, 1 from 1 on, level at both ends."""
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)
