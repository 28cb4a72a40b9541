"""What can be read off the 68 points of a face (iBUG's order, as OpenFace and py-feat give it)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Points of: right eye, left eye (the person's), tip of the nose, right and left mouth corner.
_FIVE: Final = (slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 49), slice(54, 55))
_OUTER_EYES: Final = (36, 45)
_INNER_LIPS: Final = (62, 66)  # middle of the upper and of the lower one


def five_points(points: Floats) -> Floats:
    """[T, 68, 2] -> [T, 10] as in FaceTrack.landmarks_px."""
    found = np.stack([points[:, part].mean(axis=1) for part in _FIVE], axis=1)
    return found.reshape(len(points), 10)


def boxes(points: Floats) -> Floats:
    """[T, 68, 2] -> [T, 4]: left, top, width, height, from the brows to the chin."""
    low, high = points.min(axis=1), points.max(axis=1)
    return np.concatenate([low, high - low], axis=1)


def mouth_gaps(points: Floats) -> Floats:
    """[T, 68, 2 or 3] -> [T]: inner lip gap / distance of the outer eye corners."""
    gap = np.linalg.norm(points[:, _INNER_LIPS[0]] - points[:, _INNER_LIPS[1]], axis=1)
    eyes = np.linalg.norm(points[:, _OUTER_EYES[0]] - points[:, _OUTER_EYES[1]], axis=1)
    return np.asarray(gap / np.maximum(eyes, 1e-9), np.float64)
