"""The CSV that FeatureExtraction writes, read without trust.

Builds separate names and cells by ", " (2.0.6, and 2.2 on Windows) or "," (2.2 on Linux); groups
of columns that a flag turned off are not there at all.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.errors import AnnotationError

Floats = NDArray[np.float64]

_TURN: Final = ("pose_Rx", "pose_Ry", "pose_Rz")
_PLACE: Final = ("pose_Tx", "pose_Ty", "pose_Tz")
_POINTS: Final = 68
_NEEDED: Final = (
    *("frame", "face_id", "confidence", "success"),
    *(f"{au}_r" for au in INTENSITY_AUS),
    *(f"{au}_c" for au in PRESENCE_AUS),
)


@dataclass(frozen=True, eq=False)
class OpenFaceTable:
    """T frames of one face, as written: rows without success hold leftovers, never measures."""

    success: NDArray[np.bool_]  # [T]
    confidence: Floats  # [T] 0-1
    intensity: dict[str, Floats]  # 17 units, [T] on 0-5
    presence: dict[str, NDArray[np.bool_]]  # 18 units, [T]
    turn_rad: Floats | None  # [T, 3] Rx, Ry, Rz, in the camera's space
    place_mm: Floats | None  # [T, 3] x right, y down, z away from the camera
    points_px: Floats | None  # [T, 68, 2]
    points_mm: Floats | None  # [T, 68, 3] in the camera's space


def read_openface(path: Path, *, frames: int) -> OpenFaceTable:
    """AnnotationError unless the file is whole: every column, a row for each of the `frames`, and
    every value in its range. A run killed midway leaves raw, negative intensities behind."""
    columns = _columns(path)
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise AnnotationError(f"openface: the table has no column {missing[0]}")
    found = len(columns["frame"])
    if found != frames:
        raise AnnotationError(f"openface: the table has {found} rows for {frames} frames")
    _check(columns)
    return OpenFaceTable(
        success=columns["success"] == 1,
        confidence=columns["confidence"],
        intensity={au: columns[f"{au}_r"] for au in INTENSITY_AUS},
        presence={au: columns[f"{au}_c"] == 1 for au in PRESENCE_AUS},
        turn_rad=_stacked(columns, _TURN),
        place_mm=_stacked(columns, _PLACE),
        points_px=_points(columns, ("x", "y")),
        points_mm=_points(columns, ("X", "Y", "Z")),
    )


def _columns(path: Path) -> dict[str, Floats]:
    try:
        head, _, body = path.read_text("ascii").partition("\n")
        names = [name.strip() for name in head.split(",")]
        cells = np.loadtxt(body.splitlines(), delimiter=",", ndmin=2) if body.strip() else None
    except FileNotFoundError:
        raise AnnotationError("openface: wrote no table") from None
    except ValueError as e:
        raise AnnotationError(f"openface: its table is damaged: {e}") from e
    if cells is None or cells.shape[1] != len(names):
        raise AnnotationError("openface: its table has no rows, or not one value for each column")
    return dict(zip(names, cells.T, strict=True))


def _check(columns: dict[str, Floats]) -> None:
    frames = columns["frame"]
    if not np.array_equal(frames, np.arange(1, len(frames) + 1)):
        raise AnnotationError("openface: the rows are not numbered 1, 2, 3, ...")
    if np.any(columns["face_id"] != 0):
        raise AnnotationError("openface: follows more than one face; one was asked for")
    if not np.all(np.isin(columns["success"], (0, 1))):
        raise AnnotationError("openface: success is neither 0 nor 1")
    _in_range("confidence", columns["confidence"], 1)
    for au in INTENSITY_AUS:
        _in_range(f"{au}_r", columns[f"{au}_r"], 5)
    for au in PRESENCE_AUS:
        if not np.all(np.isin(columns[f"{au}_c"], (0, 1))):
            raise AnnotationError(f"openface: {au}_c is neither 0 nor 1")


def _in_range(name: str, values: Floats, most: float) -> None:
    bad = values[~((values >= 0) & (values <= most))]  # also what is no number
    if len(bad):
        raise AnnotationError(
            f"openface: {name} is {bad[0]:g}, outside 0-{most:g}: the run did not finish"
        )


def _stacked(columns: dict[str, Floats], names: tuple[str, ...]) -> Floats | None:
    if any(name not in columns for name in names):
        return None
    return np.stack([columns[name] for name in names], axis=1)


def _points(columns: dict[str, Floats], axes: tuple[str, ...]) -> Floats | None:
    names = tuple(f"{axis}_{point}" for point in range(_POINTS) for axis in axes)
    found = _stacked(columns, names)
    return None if found is None else found.reshape(-1, _POINTS, len(axes))
