"""A head's turn as the camera sees it, out of its turn in the camera's space.

OpenFace's pose_R is the turn in a space whose axes are those of the camera. A head at the edge of
the picture that faces the camera is turned in it, by as much as the camera has to look aside. What
FaceTrack means is the turn away from the camera. On the open test clips this brings the mean yaw of
faces off the middle from 14 to 29 degrees away from that of `mesh` to within 4.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def turned_from_camera(rotation_rad: Floats, place_mm: Floats) -> Floats:
    """[T, 3] Rx, Ry, Rz and [T, 3] where the head is (x right, y down, z away) -> [T, 3] degrees:
    pitch (down positive), yaw (towards the person's left positive), roll (clockwise positive).
    """
    x, y, z = place_mm.T
    aside = np.stack(
        [np.arctan2(y, np.hypot(x, z)), -np.arctan2(x, np.hypot(y, z)), np.zeros_like(x)], axis=1
    )
    pitch, right, roll = _angles(_matrices(aside) @ _matrices(rotation_rad))
    # A positive Ry moves the nose to the left of the picture: the person's right.
    return np.degrees(np.stack([pitch, -right, roll], axis=1))


def _matrices(angles: Floats) -> Floats:
    """[T, 3] -> [T, 3, 3]: Rx Ry Rz, each by the right hand (OpenFace's RotationHelpers)."""
    (s1, s2, s3), (c1, c2, c3) = np.sin(angles).T, np.cos(angles).T
    rows = (
        (c2 * c3, -c2 * s3, s2),
        (c1 * s3 + c3 * s1 * s2, c1 * c3 - s1 * s2 * s3, -c2 * s1),
        (s1 * s3 - c1 * c3 * s2, c3 * s1 + c1 * s2 * s3, c1 * c2),
    )
    return np.moveaxis(np.array(rows), -1, 0)


def _angles(matrices: Floats) -> tuple[Floats, Floats, Floats]:
    """The angles whose _matrices these are."""
    about_x = np.arctan2(-matrices[:, 1, 2], matrices[:, 2, 2])
    about_y = np.arcsin(np.clip(matrices[:, 0, 2], -1, 1))
    about_z = np.arctan2(-matrices[:, 0, 1], matrices[:, 0, 0])
    return about_x, about_y, about_z
