"""A rendered man: MPFB2's head mesh, posed by drives, lit and drawn."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from photo import HEIGHT, WIDTH, Picture, smooth
from raster import Array, Seen, rasterise, unit, vertex_normals
from skin import BODY, EYE, TEETH, Spot, albedo, hair, height_over_hairline, shirt

FINE: Final = 2  # rendered this many times larger, then averaged
SCALE: Final = 124.0  # pixels per decimetre
BRIDGE: Final = (320.0, 168.0)  # where the point between the eyes lies, pixels
CAMERA: Final = 12.0  # decimetres in front of the eyes
PIVOT: Final = np.array([0.0, -1.1, -0.4])  # of the head on the neck
SHADOW_MAP: Final = 640  # pixels
SHADOW_SPAN: Final = 6.0  # decimetres

KEY: Final = unit(np.array([-0.45, 0.45, 0.77]))  # towards the main light
FILL: Final = unit(np.array([0.8, 0.15, 0.55]))

# Drive at 1 -> how much of each unit of head.npz. "wide" 0.3 is how he rests.
UNITS: Final = {
    "smile": {"smile": 0.75, "slit": 0.2},
    "brows": {"brows": 0.6},
    "brows_inner": {"inner": 1.1},
    "brows_down": {"frown": 0.9, "slit": 0.3},
    "corners_down": {"depress": 0.5},
    "mouth_open": {"mouth_open": 0.45},
    "speech": {"mouth_open": 0.12},
}


@dataclass(frozen=True, eq=False)
class Head:
    vertices: Array  # [V, 3] at rest, decimetres from between the eyes
    triangles: NDArray[np.int64]  # [T, 3]
    parts: NDArray[np.int64]  # [T]
    units: dict[str, Array]  # [V, 3] displacement at full strength
    masks: dict[str, Array]  # [V] 0-1
    eyes: Array  # [2, 3]
    eye_radius: float


def load_head(folder: Path) -> Head:
    with np.load(folder / "head.npz") as file:
        vertices = file["vertices"].astype(np.float64)
        triangles, parts = file["triangles"].astype(np.int64), file["parts"].astype(np.int64)
        units = {k[5:]: file[k].astype(np.float64) for k in file.files if k.startswith("unit_")}
        masks = {k[5:]: file[k] / 255.0 for k in file.files if k.startswith("mask_")}
    balls = vertices[np.unique(triangles[parts == EYE])]
    sides = [balls[balls[:, 0] * side > 0] for side in (-1, 1)]
    eyes = np.array([side.mean(axis=0) for side in sides])
    return Head(vertices, triangles, parts, units, masks, eyes, np.ptp(balls[:, 1]) / 2)


def render_head(head: Head, drives: dict[str, float], *, yaw: float, pitch: float) -> Picture:
    """[360, 640, 3] RGB. Degrees: positive yaw to his left, positive pitch down."""
    posed = _turned(head, _shaped(head, drives), yaw, pitch)
    pixels = FINE * (BRIDGE + SCALE * _perspective(posed))
    seen = rasterise(pixels, posed[:, 2], head.triangles, height=FINE * HEIGHT, width=FINE * WIDTH)
    picture = _backdrop().copy()
    picture[seen.hit] = _lit(head, posed, seen)
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    exposed = 1.1 * small / (1 + 0.18 * small)
    return np.rint(255 * np.clip(exposed, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def _shaped(head: Head, drives: dict[str, float]) -> Array:
    """The head with its expression, its hair and its shirt."""
    rest = head.vertices
    posed = rest + 0.3 * head.units["wide"]
    for drive, value in drives.items():
        for name, share in UNITS[drive].items():
            posed = posed + value * share * head.units[name]
    body = np.ones(len(rest))
    body[np.unique(head.triangles[head.parts != BODY])] = 0
    volume = body * hair(rest, head.masks["ears"])
    volume *= 0.05 * smooth((height_over_hairline(rest) + 0.15) / 0.5)
    thickness = (volume + 0.05 * shirt(rest))[:, None]
    return posed + thickness * vertex_normals(posed, head.triangles)


def _turned(head: Head, posed: Array, yaw: float, pitch: float) -> Array:
    """The head turned on its neck; the shoulders stay."""
    (cy, sy), (cp, sp) = ((np.cos(a), np.sin(a)) for a in np.radians([yaw, pitch]))
    sideways = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turned = (posed - PIVOT) @ (sideways @ nod).T + PIVOT
    share = smooth((head.vertices[:, 1:2] + 1.9) / 1.0)
    return posed + share * (turned - posed)


def _perspective(points: Array) -> Array:
    near = CAMERA / (CAMERA - points[:, 2:])
    return points[:, :2] * near * [1, -1]


def _lit(head: Head, posed: Array, seen: Seen) -> Array:
    """[N, 3] linear RGB: a warm key light with its shadow, a cool fill, some light from above."""
    masks = {name: seen.at(mask) for name, mask in head.masks.items()}
    rest, part = seen.at(head.vertices), head.parts[seen.triangle]
    spot = Spot(rest, part, masks["lips"], masks["inside_mouth"], masks["ears"])
    normal = unit(seen.at(vertex_normals(posed, head.triangles)))
    open_to_key = _open_to_key(head, posed, seen.at(posed))
    bleed = np.array([0.35, 0.16, 0.10])  # skin carries light round the edge, red most
    key = np.clip((normal @ KEY)[:, None] + bleed, 0, None) / (1 + bleed)
    key *= (0.12 + 0.88 * open_to_key)[:, None]
    fill = np.clip(0.8 * normal @ FILL + 0.2, 0, 1)[:, None]
    above = (0.5 + 0.5 * normal[:, 1])[:, None]
    light = 1.4 * key * [1, 0.96, 0.90] + 0.34 * fill * [0.85, 0.93, 1] + 0.26 * above + 0.10
    colour = albedo(spot, head.eyes, head.eye_radius)
    shine = _shine(spot, normal) * open_to_key + 0.02 * np.clip(1 - normal[:, 2], 0, 1) ** 3
    eye = part == EYE
    light[eye] = 0.45 * light[eye] + 0.55  # eyes are wet and never quite dark
    shine[eye] = _glint(head, seen.at(posed)[eye], rest[eye])
    return colour * light + shine[:, None]


def _shine(spot: Spot, normal: Array) -> Array:
    facing = np.clip(normal @ unit(KEY + np.array([0.0, 0.0, 1.0])), 0, 1)
    bare = (1 - spot.hair) * (1 - spot.shirt) * (spot.part == BODY)
    bare *= 1 - np.clip(1.5 * spot.brows, 0, 1)
    skin = 0.16 * facing**18 * (0.6 + 0.8 * spot.pores) * bare * (1 + spot.lips)
    return skin + 0.11 * facing**30 * (spot.part == TEETH)


def _glint(head: Head, posed: Array, rest: Array) -> Array:
    """The small reflection of a lamp in each eye."""
    off = posed - np.where(rest[:, :1] < 0, head.eyes[0], head.eyes[1])
    away = (off[:, 0] + 0.028) ** 2 + (off[:, 1] - 0.028) ** 2
    return 0.8 * np.exp(-((away / 0.012**2) ** 2))


def _open_to_key(head: Head, posed: Array, places: Array) -> Array:
    """How much of the key light reaches each place, 0-1, by a shadow map with soft edges."""
    right = unit(np.cross([0.0, 1.0, 0.0], KEY))
    axes = np.stack([right, np.cross(KEY, right), KEY])
    zoom = SHADOW_MAP / SHADOW_SPAN
    turned = posed @ axes.T
    seen = rasterise(
        SHADOW_MAP / 2 + zoom * turned[:, :2] * [1, -1],
        turned[:, 2],
        head.triangles,
        height=SHADOW_MAP,
        width=SHADOW_MAP,
    )
    nearest = np.full((SHADOW_MAP, SHADOW_MAP), -np.inf)
    nearest[seen.hit] = seen.at(turned[:, 2])
    here = places @ axes.T
    x, y = (SHADOW_MAP / 2 + zoom * here[:, :2] * [1, -1]).T
    reached = np.zeros(len(places))
    offsets = np.arange(-4.0, 5.0, 2.0)
    for dx in offsets:
        for dy in offsets:
            column = np.clip(x + dx, 0, SHADOW_MAP - 1).astype(int)
            row = np.clip(y + dy, 0, SHADOW_MAP - 1).astype(int)
            reached += nearest[row, column] < here[:, 2] + 0.06
    return reached / offsets.size**2


@cache
def _backdrop() -> NDArray[np.float32]:
    y, x = np.mgrid[0 : FINE * HEIGHT, 0 : FINE * WIDTH] / FINE
    glow = np.exp(-(((x - 400) / 330) ** 2) - ((y - 150) / 230) ** 2)[..., None]
    return (np.array([0.10, 0.13, 0.15]) + glow * [0.16, 0.17, 0.17]).astype(np.float32)
