"""The seam to the mesh models: what a detector and a landmark model give, and how to load them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.weights import MESH, mesh_model_text, weight_path

Frame = NDArray[np.uint8]  # [H, W, 3] RGB
POINTS: Final = 468
_UPRIGHT: Final = np.eye(2, dtype=np.float32)


@dataclass(frozen=True)
class Region:
    """A rotated square in the picture, in pixels; x right, y down."""

    x: float  # of the centre
    y: float
    size: float  # length of a side
    angle: float  # of the eye line, radians, clockwise in the picture is positive


@dataclass(frozen=True)
class Detection:
    """A face as the detector sees it, in pixels of the frame."""

    score: float  # 0-1
    x: float  # of the centre of the box
    y: float
    width: float
    height: float
    angle: float  # of the eye line, radians, clockwise in the picture is positive

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True, eq=False)
class Mesh:
    """What the landmark model gives for one region."""

    points: NDArray[np.float32]  # [468, 3] px of the frame; z towards the viewer is negative
    face_flag: float  # 0-1, that there is a face in the region

    def extent(self, axes: NDArray[np.float32] = _UPRIGHT) -> list[list[float]]:
        """Least and greatest place along two axes of the picture, [2, 2] rows; x and y if not
        told otherwise."""
        along = axes @ self.points.T[:2]  # rows: a minimum along a row is several times as fast
        return [along.min(axis=1).tolist(), along.max(axis=1).tolist()]


Detect = Callable[[Frame], list[Detection]]
Landmark = Callable[[Frame, Region], Mesh]


@dataclass(frozen=True)
class MeshModels:
    """Everything FaceListener needs from outside."""

    detect: Detect  # near faces: cheap
    detect_far: Detect  # small faces: asked when `detect` finds none
    landmark: Landmark
    digest: str  # of the weights, for Maker.model


@cache
def load_mesh_models() -> MeshModels:
    """The real models, once per process, one thread each; SetupError if a file is missing."""
    import cv2

    from annotators.models.mesh_litert import LandmarkModel, full_range, short_range

    cv2.setNumThreads(1)
    return MeshModels(
        detect=short_range(weight_path(MESH, "face_detection_short_range")),
        detect_far=full_range(weight_path(MESH, "face_detection_full_range_sparse")),
        landmark=LandmarkModel(weight_path(MESH, "face_landmark")),
        digest=mesh_model_text(),
    )
