"""The face engine `openface`: frames in, one FaceTrack of OpenFace 2's action units out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import Field

from annotators.base import FrameBatch
from annotators.bystanders import Bystanders
from annotators.face_measured import Measured, Watched, measured_columns
from annotators.models.frame_file import FrameFile
from annotators.models.mesh import MeshModels
from annotators.models.openface_table import OpenFaceTable
from annotators.points68 import Floats, boxes
from annotators.shots import ShotDetector
from annotators.view_angle import turned_from_camera
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.maker import Maker
from schemas.units import Row, Seconds

ENGINE: Final = "openface"
VERSION: Final = "1"


class OpenFaceSettings(Row):
    """Settings of the face engine `openface`."""

    model: str | None = Field(
        default=None,
        description="Landmark model to use, a file in OpenFace's folder `model`, e.g. "
        "main_clnf_general.txt. Not set: the best one that is there.",
    )
    identity: str | None = Field(
        default=None,
        description="Digests of program and models, as `merr doctor` shows them. Not set: whatever "
        "is installed is taken. Set: a build with another OpenFace stops.",
    )
    least_calibrated_s: Seconds = Field(
        default=1.0,
        description="OpenFace shifts the intensities of a file to its own low end. Shots shorter "
        "than this show no rest, so they are scored without that.",
    )
    detect_every: int = Field(
        default=10, ge=1, description="Frames between two looks for faces beside the followed one."
    )


class OpenFaceRun(Row):
    """How OpenFace is run; changes no row."""

    binary: Path | None = Field(
        default=None,
        description="FeatureExtraction of an OpenFace install. Not set: from OPENFACE_HOME, "
        "then from PATH.",
    )
    threads: int = Field(
        default=2,
        ge=1,
        description="Threads of each OpenFace process; as many run at once as there are worker "
        "processes. Old builds hang with 1.",
    )
    memory_gb: float = Field(default=4.0, gt=0, description="Memory one process may take, in GB.")
    start_s: Seconds = Field(default=60.0, description="Time to load its models, generously, and")
    frame_s: Seconds = Field(
        default=1.0, description="for every frame; a run that takes longer is ended and fails."
    )


# (file of frames, how many, whether intensities are shifted to the file's low end) -> its table
RunFile = Callable[[Path, int, bool], OpenFaceTable]


@dataclass(frozen=True, eq=False)
class _Shot:
    """Frames of one shot in a file of their own: nothing of one shot reaches the next."""

    file: FrameFile
    first: int  # frame of the clip


class OpenFaceListener:
    """Writes the frames of one clip to a file per shot as they pass, then has OpenFace read them.

    OpenFace never sees the user's media, only frames that our decoder gave, turned as shown, so
    its rows are our frames.
    """

    def __init__(
        self,
        clip_id: str,
        *,
        clip_s: Seconds,
        run: RunFile,
        models: MeshModels,
        folder: Path,
        settings: OpenFaceSettings,
    ) -> None:
        self._clip_id = clip_id
        self._clip_s = clip_s
        self._run = run
        self._folder = folder
        self._settings = settings
        self._bystanders = Bystanders(models, every=settings.detect_every)
        self._cuts = ShotDetector()
        self._shots: list[_Shot] = []
        self._t_s: list[float] = []
        self._shot: list[int] = []

    def feed(self, batch: FrameBatch) -> None:
        for t_s, frame, small in zip(batch.t_s, batch.frames, batch.small, strict=True):
            cut = self._cuts.see(small)
            if cut or not self._shots:
                self._begin_shot()
            self._shots[-1].file.add(frame)
            self._bystanders.see(frame, new_shot=cut)
            self._t_s.append(float(t_s))
            self._shot.append(len(self._shots) - 1)

    def finish(self) -> FaceTrack:
        """The track of the whole clip; ClipError if no frame came or OpenFace failed."""
        if not self._shots:
            raise ClipError(f"{self._clip_id}: no frame was decoded, so there is no face track")
        calibrated = [
            self._seconds(shot) >= self._settings.least_calibrated_s for shot in self._shots
        ]
        tables = [
            self._run(shot.file.whole(), shot.file.frames, own)
            for shot, own in zip(self._shots, calibrated, strict=True)
        ]
        measured = join_tables(tables, calibrated)
        crowds = self._bystanders.crowds(_followed(measured))
        watched = Watched(
            t_s=self._t_s,
            shot=self._shot,
            faces=[crowd.faces for crowd in crowds],
            other_size=[crowd.other_size for crowd in crowds],
        )
        columns = measured_columns(watched, measured, "rest" if any(calibrated) else "population")
        made_by = Maker(engine=ENGINE, version=VERSION, model=self._settings.identity)
        return FaceTrack.model_validate(
            {"clip_id": self._clip_id, "made_by": made_by, "proxy": False, **columns}
        )

    def _begin_shot(self) -> None:
        if self._shots:
            self._shots[-1].file.close()
        path = self._folder / f"shot-{len(self._shots):04d}.avi"
        file = FrameFile(path, seconds=self._clip_s)
        self._shots.append(_Shot(file, len(self._t_s)))

    def _seconds(self, shot: _Shot) -> float:
        """From its first frame to its last."""
        last = shot.first + shot.file.frames - 1
        return self._t_s[last] - self._t_s[shot.first]


def join_tables(tables: Sequence[OpenFaceTable], calibrated: Sequence[bool]) -> Measured:
    """The shots of a clip one after the other.

    Intensities of a shot without calibration stand on another zero, so they are unknown where
    other shots of the clip have it; presences come from another predictor and stay.
    """
    mixed = any(calibrated)

    def intensity(au: str) -> Floats:
        return np.concatenate(
            [
                table.intensity[au] if own or not mixed else np.full(len(table.success), np.nan)
                for table, own in zip(tables, calibrated, strict=True)
            ]
        )

    turn = _joined([table.turn_rad for table in tables])
    place = _joined([table.place_mm for table in tables])
    return Measured(
        success=np.concatenate([table.success for table in tables]),
        confidence=np.concatenate([table.confidence for table in tables]),
        intensity={au: intensity(au) for au in tables[0].intensity},
        presence={
            au: np.concatenate([table.presence[au] for table in tables])
            for au in tables[0].presence
        },
        points_px=_joined([table.points_px for table in tables]),
        points_mm=_joined([table.points_mm for table in tables]),
        pose_deg=None if turn is None or place is None else turned_from_camera(turn, place),
    )


def _joined(parts: Sequence[Floats | None]) -> Floats | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _followed(measured: Measured) -> Floats | None:
    """[T, 4] boxes of the followed face, NaN where there is none."""
    if measured.points_px is None:
        return None
    found = boxes(measured.points_px)
    found[~measured.success] = np.nan
    return found
