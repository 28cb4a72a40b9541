"""The face engine `pyfeat`: frames in, one FaceTrack of py-feat's action units out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import Field

from annotators.base import FrameBatch
from annotators.face_measured import Measured, Watched, measured_columns
from annotators.models.frame_file import FrameFile
from annotators.models.pyfeat import PyFeat, PyFeatFace
from annotators.shots import ShotDetector
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.units import Probability, Row, Seconds

ENGINE: Final = "pyfeat"
VERSION: Final = "1"
LEAST_OVERLAP: Final = 0.1  # of the boxes of one face in two frames that follow each other
SCALE: Final = 5.0  # py-feat says 0-1; FaceTrack holds 0-5

Faces = Sequence[PyFeatFace]


class PyFeatSettings(Row):
    """Settings of the face engine `pyfeat`."""

    least_score: Probability = Field(
        default=0.5, description="Faces that py-feat is less sure of are none."
    )
    presence_from: Probability = Field(
        default=0.5,
        description="py-feat's value (0-1) from which an action unit counts as present.",
    )


class PyFeatRun(Row):
    """How py-feat is run; changes no row."""

    python: Path | None = Field(
        default=None,
        description="Python of an environment with py-feat. Not set: the one that "
        "`merr engines install pyfeat` builds.",
    )
    device: Literal["cpu", "cuda", "mps"] = Field(
        default="cpu", description="Where its networks run."
    )
    threads: int = Field(default=2, ge=1, description="Threads of each py-feat process.")
    batch: int = Field(default=8, ge=1, description="Frames it looks at in one go.")
    memory_gb: float | None = Field(
        default=None, gt=0, description="Memory one process may take, in GB. Not set: no limit."
    )
    start_s: Seconds = Field(
        default=900.0, description="Time to load its weights, which are fetched the first time."
    )
    frame_s: Seconds = Field(
        default=3.0, description="Time for a frame; a process that takes longer is started anew."
    )


class PyFeatListener:
    """Writes the frames of one clip to a file as they pass, then has py-feat read it."""

    def __init__(
        self,
        clip_id: str,
        pyfeat: PyFeat,
        *,
        clip_s: Seconds,
        folder: Path,
        settings: PyFeatSettings,
        frame_s: float,
    ) -> None:
        self._clip_id = clip_id
        self._pyfeat = pyfeat
        self._settings = settings
        self._frame_s = frame_s
        self._file = FrameFile(folder / "clip.avi", seconds=clip_s)
        self._cuts = ShotDetector()
        self._t_s: list[float] = []
        self._shot: list[int] = []

    def feed(self, batch: FrameBatch) -> None:
        for t_s, frame, small in zip(batch.t_s, batch.frames, batch.small, strict=True):
            cut = self._cuts.see(small)
            self._shot.append(self._shot[-1] + cut if self._shot else 0)
            self._file.add(frame)
            self._t_s.append(float(t_s))

    def finish(self) -> FaceTrack:
        """The track of the whole clip; ClipError if no frame came or py-feat failed."""
        if not self._t_s:
            raise ClipError(f"{self._clip_id}: no frame was decoded, so there is no face track")
        count = self._file.frames
        seen = self._pyfeat.look(self._file.whole(), count, 60 + self._frame_s * count)
        followed = follow(seen, self._shot)
        watched = Watched(
            t_s=self._t_s,
            shot=self._shot,
            faces=[len(faces) for faces in seen],
            other_size=[_other_size(face, all_) for face, all_ in zip(followed, seen, strict=True)],
        )
        measured = as_measured(followed, presence_from=self._settings.presence_from)
        columns = measured_columns(watched, measured, "population")
        made_by = Maker(engine=ENGINE, version=VERSION, model=self._pyfeat.model)
        return FaceTrack.model_validate(
            {"clip_id": self._clip_id, "made_by": made_by, "proxy": False, **columns}
        )


def follow(seen: Sequence[Faces], shots: Sequence[int]) -> list[PyFeatFace | None]:
    """The same face through a shot: the largest of its first frame with any, then the one whose
    box overlaps it most; where none does, nobody until it is there again.

    A face that is gone for good leaves the shot to nobody else, since another person's units would
    pass for a change of expression.
    """
    followed: list[PyFeatFace | None] = []
    last: PyFeatFace | None = None
    for index, faces in enumerate(seen):
        if index and shots[index] != shots[index - 1]:
            last = None
        if last is None:
            face = max(faces, key=_area, default=None)
        else:
            ours = last
            near = [other for other in faces if _overlap(other, ours) >= LEAST_OVERLAP]
            face = max(near, key=lambda other: _overlap(other, ours), default=None)
        last = face or last
        followed.append(face)
    return followed


def as_measured(followed: Sequence[PyFeatFace | None], *, presence_from: float) -> Measured:
    """Values of 0-1 times 5 as intensities; the units that py-feat lacks are unknown."""
    success = np.array([face is not None for face in followed])
    points = np.full((len(followed), 68, 2), np.nan)
    confidence = np.full(len(followed), np.nan)
    values = {au: np.full(len(followed), np.nan) for au in PRESENCE_AUS}
    for index, face in enumerate(followed):
        if face is None:
            continue
        points[index] = np.array(face.points).reshape(68, 2)
        confidence[index] = face.score
        for au in values.keys() & face.aus.keys():
            values[au][index] = face.aus[au]
    told = {au: column for au, column in values.items() if np.isfinite(column).any()}
    return Measured(
        success=success,
        confidence=confidence,
        intensity={au: SCALE * told[au] for au in INTENSITY_AUS if au in told},
        presence={au: column >= presence_from for au, column in told.items()},
        points_px=points,
    )


def _area(face: PyFeatFace) -> float:
    return face.box[2] * face.box[3]


def _overlap(one: PyFeatFace, other: PyFeatFace) -> float:
    """Intersection over union, 0-1."""
    shared = 1.0
    for axis in (0, 1):
        low = max(one.box[axis], other.box[axis])
        high = min(one.box[axis] + one.box[axis + 2], other.box[axis] + other.box[axis + 2])
        shared *= max(0.0, high - low)
    return shared / max(_area(one) + _area(other) - shared, 1e-9)


def _other_size(face: PyFeatFace | None, faces: Faces) -> float | None:
    others = [_area(other) for other in faces if other is not face]
    if face is None or not others:
        return None
    return min(1.0, max(others) / max(_area(face), 1e-9))
