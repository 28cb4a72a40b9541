"""Following one face: detection now and then, the region of the last mesh in between."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from annotators.models.mesh import Detection, Frame, Mesh, MeshModels, Region

RIGHT_EYE: Final = 33  # outer corners
LEFT_EYE: Final = 263
REGION_SCALE: Final = 1.5  # of the box's longer side (mediapipe: face_landmarks_to_roi)
FACE_FLAG: Final = 0.5  # least face flag (mediapipe: min_detection_confidence)
SURE_SCORE: Final = 0.75  # of a detection that needs no second opinion
SWITCH_AREA: Final = 1.5  # another face must be this much larger ...
SWITCH_LOOKS: Final = 3  # ... at so many detections in a row before it is followed instead
TRIES: Final = 3  # detections whose mesh is tried before a look finds nobody
SAME_PLACE: Final = 0.5  # of a region's side: farther off, or
SAME_SIZE: Final = 1.6  # more times larger or smaller, a face found again is another one


@dataclass(frozen=True)
class Looks:
    """How often a detector looks at the picture; counted in frames."""

    every: int = 10  # while a face is followed
    far_every: int = 8  # for small faces, while none is found


@dataclass(frozen=True, eq=False)
class Sight:
    """What the tracker says of one frame."""

    mesh: Mesh | None  # None: nobody found
    person: int  # which run of frames shows one and the same face without a break
    faces: int  # at the last detection, the followed one included
    other_size: float | None  # area of the largest other face / the followed one's, at most 1


@dataclass(frozen=True)
class _Crowd:
    """What the last detection saw beside the followed face."""

    faces: int = 0
    other_size: float | None = None


class FaceTracker:
    """Follows the largest face and does not jump between people.

    Feed every frame of a clip once, in order; the answer depends on the frames so far alone.
    """

    def __init__(self, models: MeshModels, looks: Looks | None = None) -> None:
        self._models = models
        self._looks = looks or Looks()
        self._region: Region | None = None  # where the followed face is expected
        self._last: Region | None = None  # where it was seen last in this shot
        self._crowd = _Crowd()
        self._person = 0
        self._since_look = 0
        self._since_far = self._looks.far_every
        self._rival_looks = 0

    def see(self, frame: Frame, *, new_shot: bool) -> Sight:
        """The followed face in the next frame; after a cut everything starts anew."""
        if new_shot:
            self._forget()
        mesh = self._follow(frame) or self._find(frame)
        if mesh is not None:
            self._region = self._last = region_of(mesh)
        return Sight(mesh, self._person, self._crowd.faces, self._crowd.other_size)

    def _forget(self) -> None:
        self._region = self._last = None
        self._person += 1
        self._rival_looks = 0
        self._since_far = self._looks.far_every

    def _follow(self, frame: Frame) -> Mesh | None:
        if self._region is None:
            return None
        self._since_look += 1
        if self._since_look >= self._looks.every:
            self._look_around(frame, self._region)
        if self._region is None:
            return None
        mesh = self._models.landmark(frame, self._region)
        if mesh.face_flag >= FACE_FLAG:
            return mesh
        self._region = None
        self._since_far = self._looks.far_every
        return None

    def _look_around(self, frame: Frame, region: Region) -> None:
        """Count the faces; leave ours only for one that stays much larger."""
        self._since_look = 0
        found = self._models.detect(frame) or self._models.detect_far(frame)
        others = [d for d in found if not _same_place(d, region) and self._is_face(frame, d)]
        own = [d.area for d in found if _same_place(d, region)]
        own_area = max(own, default=(region.size / REGION_SCALE) ** 2)
        largest = max((d.area for d in others), default=0.0)
        self._rival_looks = self._rival_looks + 1 if largest > SWITCH_AREA * own_area else 0
        self._crowd = _Crowd(1 + len(others), min(1.0, largest / own_area) if others else None)
        if self._rival_looks >= SWITCH_LOOKS:
            self._forget()

    def _find(self, frame: Frame) -> Mesh | None:
        """Detect, and settle on the face we had or else on the largest; far faces now and then."""
        self._since_look = 0
        self._since_far += 1
        self._crowd = _Crowd()
        mesh = self._choose(frame, self._models.detect(frame))
        if mesh is None and self._since_far >= self._looks.far_every:
            self._since_far = 0
            mesh = self._choose(frame, self._models.detect_far(frame))
        return mesh

    def _choose(self, frame: Frame, found: list[Detection]) -> Mesh | None:
        for choice in sorted(found, key=self._preference)[:TRIES]:
            mesh = self._settle(frame, region_around(choice))
            if mesh is not None:
                self._start(frame, choice, found)
                return mesh
        return None

    def _preference(self, face: Detection) -> tuple[bool, float]:
        return not (self._last and _is_again(face, self._last)), -face.area

    def _settle(self, frame: Frame, region: Region) -> Mesh | None:
        """The mesh of a new face, its region refined once so that it equals a followed one's."""
        mesh = self._models.landmark(frame, region)
        if mesh.face_flag < FACE_FLAG:
            return None
        refined = self._models.landmark(frame, region_of(mesh))
        return refined if refined.face_flag >= FACE_FLAG else None

    def _is_face(self, frame: Frame, face: Detection) -> bool:
        """Doubtful detections are counted only if the landmark model sees a face there too."""
        if face.score >= SURE_SCORE:
            return True
        return self._models.landmark(frame, region_around(face)).face_flag >= FACE_FLAG

    def _start(self, frame: Frame, choice: Detection, found: list[Detection]) -> None:
        others = [d.area for d in found if d is not choice and self._is_face(frame, d)]
        size = min(1.0, max(others) / choice.area) if others else None
        self._crowd = _Crowd(1 + len(others), size)
        self._rival_looks = 0
        if self._last is not None and not _is_again(choice, self._last):
            self._person += 1


def region_around(face: Detection) -> Region:
    size = REGION_SCALE * max(face.width, face.height)
    return Region(face.x, face.y, size, face.angle)


def region_of(mesh: Mesh) -> Region:
    """The square around a mesh, turned with its eye line, where its face is looked for next."""
    across, fall = (mesh.points[LEFT_EYE, :2] - mesh.points[RIGHT_EYE, :2]).tolist()
    angle = math.atan2(fall, across)
    cos, sin = math.cos(angle), math.sin(angle)
    (left, top), (right, bottom) = mesh.extent(np.array([[cos, sin], [-sin, cos]], np.float32))
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    size = REGION_SCALE * max(right - left, bottom - top)
    return Region(cos * middle_x - sin * middle_y, sin * middle_x + cos * middle_y, size, angle)


def _same_place(face: Detection, region: Region) -> bool:
    """Whether the centre of a detection lies inside the face of a region."""
    reach = region.size / REGION_SCALE / 2
    return abs(face.x - region.x) < reach and abs(face.y - region.y) < reach


def _is_again(face: Detection, last: Region) -> bool:
    region = replace(region_around(face), angle=last.angle)
    away = float(np.hypot(region.x - last.x, region.y - last.y))
    ratio = region.size / last.size
    return away < SAME_PLACE * last.size and 1 / SAME_SIZE < ratio < SAME_SIZE
