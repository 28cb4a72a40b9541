"""What the face engine keeps of every frame: numbers, less than the row they become."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.mesh import Frame, Mesh
from annotators.models.mesh_geometry import KEPT, Floats, fit, head_pose, normalised, rigid_template

# Mesh indices whose mean is right eye, left eye, nose, right and left mouth corner.
LANDMARKS: Final = ((33, 133), (362, 263), (1, 1), (61, 61), (291, 291))
_KEPT: Final = np.array(KEPT)
_LANDMARKS: Final = np.array(LANDMARKS)


@dataclass(frozen=True, eq=False)
class SeenFace:
    """One mesh, reduced to what later steps read."""

    points: NDArray[np.float32]  # [K, 3] px
    flag: float  # 0-1
    box: tuple[float, float, float, float]  # left, top, width, height, px
    landmarks: NDArray[np.float32]  # [10] px
    inside: float  # share of the box inside the picture


@dataclass(frozen=True, eq=False)
class FrameNote:
    """One frame of the clip."""

    t_s: float
    shot: int
    person: int  # frames of one shot with the same number show the same face
    faces: int
    other_size: float | None
    face: SeenFace | None


@dataclass(frozen=True, eq=False)
class TrustedFaces:
    """The n frames whose face can be measured, [n, ...] each."""

    frames: NDArray[np.int64]  # which frames of the clip
    shapes: Floats  # [n, K, 3] laid on the frontal template, eye distances
    pose_deg: Floats  # [n, 3] pitch, yaw, roll


def seen_face(mesh: Mesh, frame: Frame) -> SeenFace:
    (left, top), (right, bottom) = mesh.extent()
    width, height = right - left, bottom - top
    shown = _overlap(left, right, frame.shape[1]) * _overlap(top, bottom, frame.shape[0])
    pairs = mesh.points[_LANDMARKS, :2]
    return SeenFace(
        points=mesh.points[_KEPT],
        flag=mesh.face_flag,
        box=(left, top, width, height),
        landmarks=((pairs[:, 0] + pairs[:, 1]) / np.float32(2)).ravel(),
        inside=shown / max(width * height, 1e-9),
    )


def _overlap(low: float, high: float, size: int) -> float:
    """How much of low..high lies in 0..size."""
    return min(max(high, 0.0), size) - min(max(low, 0.0), size)


def trusted_faces(
    notes: list[FrameNote], *, least_inside: float, turned_too_far_deg: float
) -> TrustedFaces:
    """Faces that lie in the picture and are not turned away."""
    inside = [
        (index, note.face.points)
        for index, note in enumerate(notes)
        if note.face is not None and note.face.inside >= least_inside
    ]
    frames = np.array([index for index, _ in inside], np.int64)
    points = np.array([kept for _, kept in inside], np.float32).reshape(-1, len(KEPT), 3)
    shapes, rotation = fit(normalised(points), rigid_template())
    pose = head_pose(rotation)
    facing = np.all(np.abs(pose[:, :2]) <= turned_too_far_deg, axis=1)
    return TrustedFaces(frames[facing], shapes[facing], pose[facing])
