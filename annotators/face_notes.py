"""What the face engine keeps of every frame: numbers, less than the row they become."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.mesh import Frame, Mesh
from annotators.models.mesh_geometry import KEPT, Floats, fit, head_pose, normalised, rigid_template

# Mesh indices whose mean is right eye, left eye, nose, right and left mouth corner.
LANDMARKS: Final = ((33, 133), (362, 263), (1,), (61,), (291,))


@dataclass(frozen=True, eq=False)
class SeenFace:
    """One mesh, reduced to what later steps read."""

    points: NDArray[np.float32]  # [K, 3] px
    flag: float  # 0-1
    box: NDArray[np.float32]  # [4] left, top, width, height, px
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
    points: NDArray[np.float32]  # [n, K, 3] px
    pose_deg: Floats  # [n, 3] pitch, yaw, roll


def seen_face(mesh: Mesh, frame: Frame) -> SeenFace:
    x_y = mesh.points[:, :2]
    low, high = x_y.min(axis=0), x_y.max(axis=0)
    height, width = frame.shape[:2]
    shown = np.clip(high, 0, (width, height)) - np.clip(low, 0, (width, height))
    return SeenFace(
        points=mesh.points[list(KEPT)],
        flag=mesh.face_flag,
        box=np.concatenate([low, high - low]),
        landmarks=np.concatenate([x_y[list(points)].mean(axis=0) for points in LANDMARKS]),
        inside=float(np.prod(shown) / max(float(np.prod(high - low)), 1e-9)),
    )


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
    pose = head_pose(fit(normalised(points), rigid_template())[1])
    facing = np.all(np.abs(pose[:, :2]) <= turned_too_far_deg, axis=1)
    return TrustedFaces(frames[facing], points[facing], pose[facing])
