"""Other faces beside the one that an engine follows: looked for now and then, as the mesh does."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.mesh import Detection, Frame, MeshModels
from annotators.models.mesh_tracker import FACE_FLAG, SURE_SCORE, region_around


@dataclass(frozen=True)
class Crowd:
    """What the last look saw beside the followed face."""

    faces: int
    other_size: float | None  # area of the largest other face / the followed one's, at most 1


NOBODY: Final = Crowd(0, None)


class Bystanders:
    """Counts the faces of every few frames; keeps their boxes, not the frames."""

    def __init__(self, models: MeshModels, *, every: int) -> None:
        self._models = models
        self._every = every
        self._since = every
        self._looks: list[list[Detection] | None] = []  # per frame; None: not looked

    def see(self, frame: Frame, *, new_shot: bool) -> None:
        self._since = self._every if new_shot else self._since + 1
        if self._since < self._every:
            self._looks.append(None)
            return
        self._since = 0
        found = self._models.detect(frame) or self._models.detect_far(frame)
        self._looks.append([face for face in found if self._is_face(frame, face)])

    def crowds(self, box_px: NDArray[np.float64] | None) -> list[Crowd]:
        """One per frame, of the last look. `box_px`: [T, 4] of the followed face, NaN where it was
        not found; None where its engine gave no box, and sizes cannot be compared."""
        crowds, last = [], NOBODY
        for index, look in enumerate(self._looks):
            if look is not None:
                last = _crowd(look, None if box_px is None else box_px[index])
            crowds.append(last)
        return crowds

    def _is_face(self, frame: Frame, face: Detection) -> bool:
        """Doubtful detections are counted only if the landmark model sees a face there too."""
        if face.score >= SURE_SCORE:
            return True
        return self._models.landmark(frame, region_around(face)).face_flag >= FACE_FLAG


def _crowd(faces: list[Detection], box: NDArray[np.float64] | None) -> Crowd:
    if box is None or np.isnan(box).any():
        return Crowd(len(faces), None)
    left, top, width, height = box.tolist()
    inside = [f for f in faces if left <= f.x <= left + width and top <= f.y <= top + height]
    own = min(
        inside,
        key=lambda face: math.hypot(face.x - left - width / 2, face.y - top - height / 2),
        default=None,
    )
    others = [face.area for face in faces if face is not own]
    if not others:
        return Crowd(max(1, len(faces)), None)
    # The detector's own box of the followed face, where it has one: boxes of two tools differ.
    area = width * height if own is None else own.area
    return Crowd(1 + len(others), min(1.0, max(others) / max(area, 1e-9)))
