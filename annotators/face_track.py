"""From notes of frames to the columns of a FaceTrack."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from annotators.face_notes import FrameNote, SeenFace, TrustedFaces
from annotators.face_rest import Reading, read_run
from annotators.models.mesh_geometry import Floats
from schemas.au import INTENSITY_AUS, PRESENCE_AUS

Baseline = Literal["rest", "population"] | None
Columns = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Run:
    """Trusted frames of one person in one shot, and what was read from them."""

    rows: NDArray[np.int64]  # which of the trusted faces
    reading: Reading


def read_runs(notes: list[FrameNote], trusted: TrustedFaces) -> list[Run]:
    """One reading per person and shot; a rest is never shared across a cut."""
    keys = [(notes[frame].shot, notes[frame].person) for frame in trusted.frames]
    runs = []
    for key in dict.fromkeys(keys):
        rows = np.array([row for row, own in enumerate(keys) if own == key], np.int64)
        frames = trusted.frames[rows]
        t_s = np.array([notes[frame].t_s for frame in frames])
        runs.append(Run(rows, read_run(trusted.shapes[rows], frames, t_s)))
    return runs


def baseline_of(runs: list[Run]) -> Baseline:
    """One baseline per track: "population" only where no run knows its rest."""
    if not runs:
        return None
    return "rest" if any(run.reading.over_rest for run in runs) else "population"


def track_columns(notes: list[FrameNote], trusted: TrustedFaces, presence_from: float) -> Columns:
    """Every list of FaceTrack, one entry per frame."""
    runs = read_runs(notes, trusted)
    baseline = baseline_of(runs)
    return {
        "baseline": baseline,
        **_frame_columns(notes),
        **_face_columns(notes, trusted),
        **_run_columns(notes, trusted, runs, baseline, presence_from),
    }


def _frame_columns(notes: list[FrameNote]) -> Columns:
    return {
        "t_s": [note.t_s for note in notes],
        "shot": [note.shot for note in notes],
        "faces": [note.faces for note in notes],
        "other_face_size": [note.other_size for note in notes],
    }


def _face_columns(notes: list[FrameNote], trusted: TrustedFaces) -> Columns:
    count, frames = len(notes), trusted.frames
    faces = [face for face in (notes[frame].face for frame in frames) if face is not None]
    success = np.zeros(count, bool)
    success[frames] = True
    return {
        "success": success.tolist(),
        "confidence": _spread([face.flag for face in faces], frames, count),
        **_box_columns(faces, frames, count),
        "landmarks_px": _landmarks(faces, frames, count),
        "pitch_deg": _spread(trusted.pose_deg[:, 0], frames, count),
        "yaw_deg": _spread(trusted.pose_deg[:, 1], frames, count),
        "roll_deg": _spread(trusted.pose_deg[:, 2], frames, count),
    }


def _box_columns(faces: list[SeenFace], frames: NDArray[np.int64], count: int) -> Columns:
    names = ("box_x_px", "box_y_px", "box_width_px", "box_height_px")
    return {
        name: _spread([face.box[i] for face in faces], frames, count)
        for i, name in enumerate(names)
    }


def _landmarks(faces: list[SeenFace], frames: NDArray[np.int64], count: int) -> list[float | None]:
    values = np.array([face.landmarks for face in faces]).ravel()
    places = (10 * frames[:, None] + np.arange(10)).ravel()
    return _spread(values, places, 10 * count)


def _run_columns(
    notes: list[FrameNote],
    trusted: TrustedFaces,
    runs: list[Run],
    baseline: Baseline,
    presence_from: float,
) -> Columns:
    def column(values: list[Floats | None]) -> list[float | None]:
        return _gather(values, [trusted.frames[run.rows] for run in runs], len(notes))

    readings = [run.reading for run in runs]
    intensities = {
        au: column([_intensities(reading, baseline).get(au) for reading in readings])
        for au in PRESENCE_AUS
    }
    return {
        "eye_closure": column([reading.eye_closure for reading in readings]),
        "mouth_open": column([reading.mouth_open for reading in readings]),
        "smile": column([reading.smile for reading in readings]),
        **{f"{au.lower()}_r": intensities[au] for au in INTENSITY_AUS},
        **{f"{au.lower()}_c": _presence(intensities[au], presence_from) for au in PRESENCE_AUS},
    }


def _intensities(reading: Reading, baseline: Baseline) -> dict[str, Floats]:
    """A run that does not know its rest has none where another run of the track does."""
    if baseline == "population":
        return reading.over_population
    return reading.over_rest or {}


def _presence(intensities: list[float | None], presence_from: float) -> list[bool | None]:
    """Judged on the intensity as it is stored, so that both columns agree."""
    return [None if value is None else round(value, 2) >= presence_from for value in intensities]


def _gather(
    values: list[Floats | None], frames: list[NDArray[np.int64]], count: int
) -> list[float | None]:
    column: list[float | None] = [None] * count
    for own, places in zip(values, frames, strict=True):
        if own is not None:
            for place, value in zip(places.tolist(), own.tolist(), strict=True):
                column[place] = value
    return column


def _spread(values: Iterable[float], places: NDArray[np.int64], count: int) -> list[float | None]:
    column: list[float | None] = [None] * count
    for place, value in zip(places.tolist(), values, strict=True):
        column[place] = float(value)
    return column
