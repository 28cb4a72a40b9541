"""From raw detector outputs to faces: anchors, decoding and weighted suppression."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.mesh import Detection

Floats = NDArray[np.float32]
OVERLAP: Final = 0.1  # of two windows, in sides
_MARGIN: Final = 1e-3  # of a logit, more than rounding can move a score across its limit


@dataclass(frozen=True)
class DetectorShape:
    """Constants of one detector, from mediapipe/modules/face_detection (0.10.21).

    The least score is that of mediapipe's Python interface; a mesh confirms every face afterwards.
    """

    input_px: int
    grid: tuple[tuple[int, int], ...]  # (cells along a side, anchors per cell)
    least_score: float = 0.5
    least_overlap: float = 0.3  # intersection over union above which two boxes are one face


SHORT_RANGE = DetectorShape(input_px=128, grid=((16, 2), (8, 6)))
FULL_RANGE = DetectorShape(input_px=192, grid=((48, 1),))


def anchors(shape: DetectorShape) -> Floats:
    """[A, 2] centres of the anchors, x and y in 0-1 of the square input; all have size 1."""
    layers = []
    for cells, per_cell in shape.grid:
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(centre, centre, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(layers)


def decode(raw: Floats, logits: Floats, centres: Floats, shape: DetectorShape) -> Floats:
    """[A, 16] offsets in input pixels and [A] logits -> [K, 9] faces that pass the score.

    Columns: score, left, top, right, bottom, right eye x, y, left eye x, y; in 0-1 of the input.
    """
    near_enough = np.flatnonzero(logits >= _logit(shape.least_score) - _MARGIN)
    scores = 0.5 + 0.5 * np.tanh(logits[near_enough] / 2)  # the logistic function, no overflow
    passed = scores >= shape.least_score
    keep, scores = near_enough[passed], scores[passed]
    offsets, near = raw[keep] / shape.input_px, centres[keep]
    middle, half = near + offsets[:, 0:2], offsets[:, 2:4] / 2
    eyes = offsets[:, 4:8] + np.tile(near, 2)
    corners = [middle - half, middle + half]
    return np.hstack([scores[:, None], *corners, eyes]).astype(np.float32)


def _logit(score: float) -> float:
    return math.log(score / (1 - score))


def merge(faces: Floats, shape: DetectorShape) -> Floats:
    """[K, 9] -> [F, 9], best first: overlapping boxes become their mean weighted by score.

    Weighted suppression as in BlazeFace (Bazarevsky et al. 2019, section 4): it trembles less
    from frame to frame than keeping only the best box.
    """
    rest = faces[np.argsort(-faces[:, 0], kind="stable")]
    merged = []
    while len(rest):
        same = overlap(rest[0], rest) > shape.least_overlap
        same[0] = True
        weights = rest[same, 0] / rest[same, 0].sum()
        merged.append(np.concatenate([rest[:1, 0], weights @ rest[same, 1:]]))
        rest = rest[~same]
    return np.array(merged, np.float32).reshape(-1, 9)


def overlap(face: Floats, others: Floats) -> Floats:
    """Intersection over union of one box with each of [K, 9]."""
    low = np.maximum(face[1:3], others[:, 1:3])
    high = np.minimum(face[3:5], others[:, 3:5])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(others[:, 3:5] - others[:, 1:3], axis=1)
    union = np.prod(face[3:5] - face[1:3]) + area - shared
    return np.where(union > 0, shared / np.maximum(union, 1e-9), 0).astype(np.float32)


def windows(height: int, width: int) -> list[tuple[int, int]]:
    """(top, left) of squares of the shorter side that cover the picture, overlapping by a tenth."""
    side, longer = min(height, width), max(height, width)
    count = 1 if longer == side else math.ceil((longer / side - OVERLAP) / (1 - OVERLAP))
    starts = [round(i * (longer - side) / max(1, count - 1)) for i in range(count)]
    return [(0, start) if width > height else (start, 0) for start in starts]


def in_pixels(faces: Floats, side: float, left: float, top: float) -> Floats:
    """[F, 9] in 0-1 of a square of `side` px whose corner lies at (left, top) -> [F, 9] in px."""
    scale = np.array([1] + [side] * 8, np.float32)
    corner = np.array([0] + [left, top] * 4, np.float32)
    return np.asarray(faces * scale + corner, np.float32)


def detection(face: Floats) -> Detection:
    """[9] in px -> a Detection."""
    score, x0, y0, x1, y1, rx, ry, lx, ly = (float(v) for v in face)
    return Detection(
        score=score,
        x=(x0 + x1) / 2,
        y=(y0 + y1) / 2,
        width=x1 - x0,
        height=y1 - y0,
        angle=math.atan2(ly - ry, lx - rx),
    )
