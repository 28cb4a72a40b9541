"""From what a trained engine measured of a face to the columns of a FaceTrack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotators.face_track import Baseline
from annotators.points68 import Floats, boxes, five_points, mouth_gaps
from schemas.au import INTENSITY_AUS, PRESENCE_AUS

Columns = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """One face in T frames. Only rows with `success` are read; what is not given is unknown."""

    success: NDArray[np.bool_]  # [T]
    confidence: Floats  # [T] 0-1
    intensity: dict[str, Floats] = field(default_factory=dict)  # by unit, [T] 0-5; NaN: unknown
    presence: dict[str, NDArray[np.bool_]] = field(default_factory=dict)  # by unit, [T]
    points_px: Floats | None = None  # [T, 68, 2]
    points_mm: Floats | None = None  # [T, 68, 3]; a turn of the head changes no distance in it
    pose_deg: Floats | None = None  # [T, 3] pitch, yaw, roll as FaceTrack means them


@dataclass(frozen=True, eq=False)
class Watched:
    """What was seen of the frames themselves, one entry each."""

    t_s: Sequence[float]
    shot: Sequence[int]
    faces: Sequence[int]
    other_size: Sequence[float | None]


def measured_columns(watched: Watched, measured: Measured, baseline: Baseline) -> Columns:
    """Every list of FaceTrack, one entry per frame; None where the engine is silent."""
    found = measured.success
    silent: list[None] = [None] * len(found)
    return {
        "baseline": baseline if found.any() else None,
        "t_s": list(watched.t_s),
        "shot": list(watched.shot),
        "faces": [max(int(seen), n) for seen, n in zip(found, watched.faces, strict=True)],
        "other_face_size": list(watched.other_size),
        "success": found.tolist(),
        "confidence": _known(measured.confidence, found),
        **_place_columns(measured),
        **_pose_columns(measured),
        "eye_closure": silent,
        "smile": silent,
        **{f"{au.lower()}_r": _known(measured.intensity.get(au), found) for au in INTENSITY_AUS},
        **{f"{au.lower()}_c": _shown(measured.presence.get(au), found) for au in PRESENCE_AUS},
    }


def _place_columns(measured: Measured) -> Columns:
    found, points = measured.success, measured.points_px
    box = None if points is None else boxes(points)
    five = None if points is None else five_points(points).ravel()
    spatial = points if measured.points_mm is None else measured.points_mm
    names = ("box_x_px", "box_y_px", "box_width_px", "box_height_px")
    return {
        **{n: _known(None if box is None else box[:, i], found) for i, n in enumerate(names)},
        "landmarks_px": _known(five, np.repeat(found, 10)),
        "mouth_open": _known(None if spatial is None else mouth_gaps(spatial), found),
    }


def _pose_columns(measured: Measured) -> Columns:
    pose = measured.pose_deg
    return {
        name: _known(None if pose is None else pose[:, i], measured.success)
        for i, name in enumerate(("pitch_deg", "yaw_deg", "roll_deg"))
    }


def _known(values: Floats | None, found: NDArray[np.bool_]) -> list[float | None]:
    """None where no face was found and where the engine gave no number."""
    if values is None:
        return [None] * len(found)
    good = found & np.isfinite(values)
    return [v if ok else None for v, ok in zip(values.tolist(), good.tolist(), strict=True)]


def _shown(values: NDArray[np.bool_] | None, found: NDArray[np.bool_]) -> list[bool | None]:
    if values is None:
        return [None] * len(found)
    return [v if ok else None for v, ok in zip(values.tolist(), found.tolist(), strict=True)]
