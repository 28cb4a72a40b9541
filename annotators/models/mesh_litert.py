"""MediaPipe's face models run by LiteRT, one thread each."""

import math
import threading
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from annotators.models.mesh import POINTS, Detection, Frame, Mesh, Region
from annotators.models.mesh_detector import (
    FULL_RANGE,
    SHORT_RANGE,
    DetectorShape,
    anchors,
    decode,
    detection,
    in_pixels,
    merge,
    windows,
)
from annotators.small import resized

LANDMARK_PX: Final = 192

Points = NDArray[np.float32]


class _Model:
    """One tflite file: [S, S, 3] uint8 in, its outputs as flat arrays out.

    It is shown float32, each byte as `scale * byte + offset`.
    """

    def __init__(self, path: Path, *, scale: float, offset: float) -> None:
        self._scale, self._offset = np.float32(scale), np.float32(offset)
        self._interpreter: Any = Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.tensor(self._interpreter.get_input_details()[0]["index"])
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._one_at_a_time = threading.Lock()  # an interpreter is not thread-safe

    def __call__(self, picture: Frame) -> list[NDArray[np.float32]]:
        with self._one_at_a_time:
            self._show(picture)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index)[0] for index in self._outputs]

    def _show(self, picture: Frame) -> None:
        """Straight into the model's memory, of which no view may be left when the model runs."""
        shown = self._input()[0]
        np.multiply(picture, self._scale, out=shown)
        if self._offset:
            np.add(shown, self._offset, out=shown)


class Detector:
    """A face detector on the whole frame, padded to a square, or on squares that cover it."""

    def __init__(self, path: Path, shape: DetectorShape, *, in_windows: bool = False) -> None:
        self._model = _Model(path, scale=1 / 127.5, offset=-1)
        self._shape = shape
        self._anchors = anchors(shape)
        self._in_windows = in_windows

    def __call__(self, frame: Frame) -> list[Detection]:
        """Faces of the frame, the surest first; empty where none is found."""
        height, width = frame.shape[:2]
        corners = windows(height, width) if self._in_windows else [(0, 0)]
        side = min(height, width) if self._in_windows else max(height, width)
        faces = [self._look(frame, side, top, left) for top, left in corners]
        return [detection(face) for face in merge(np.concatenate(faces), self._shape)]

    def _look(self, frame: Frame, side: int, top: int, left: int) -> NDArray[np.float32]:
        view = frame[top : top + side, left : left + side]
        raw, logits = self._model(_padded(view, self._shape.input_px))
        faces = decode(raw, logits[:, 0], self._anchors, self._shape)
        margin_y, margin_x = (side - view.shape[0]) / 2, (side - view.shape[1]) / 2
        return in_pixels(faces, side, left - margin_x, top - margin_y)


def short_range(path: Path) -> Detector:
    """For faces of about an eighth of the picture's longer side and more."""
    return Detector(path, SHORT_RANGE)


def full_range(path: Path) -> Detector:
    """For smaller faces, to about a fifteenth of the shorter side; five times the cost."""
    return Detector(path, FULL_RANGE, in_windows=True)


class LandmarkModel:
    """The 468-point face mesh of one region."""

    def __init__(self, path: Path) -> None:
        self._model = _Model(path, scale=1 / 255, offset=0)

    def __call__(self, frame: Frame, region: Region) -> Mesh:
        to_frame, crop = _cut(frame, region)
        points, flag = self._model(crop)
        probability = 0.5 + 0.5 * math.tanh(float(flag.ravel()[0]) / 2)  # the logistic function
        placed = _placed(points.reshape(POINTS, 3), to_frame, region.size / LANDMARK_PX)
        return Mesh(points=placed, face_flag=probability)


def _placed(mesh: Points, to_frame: NDArray[np.float64], scale: float) -> Points:
    """[468, 3] in crop pixels -> in pixels of the frame."""
    turned = np.zeros((3, 3), np.float32)
    turned[:2, :2], turned[2, 2] = to_frame[:, :2].T, scale
    placed = mesh @ turned
    placed[:, :2] += to_frame[:, 2].astype(np.float32)
    return placed


def _padded(frame: Frame, input_px: int) -> Frame:
    """[H, W, 3] -> [S, S, 3], the picture in the middle, black around it."""
    height, width = frame.shape[:2]
    scale = input_px / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    left, top = (input_px - columns) // 2, (input_px - rows) // 2
    square = np.zeros((input_px, input_px, 3), np.uint8)
    square[top : top + rows, left : left + columns] = resized(frame, height=rows, width=columns)
    return square


def _cut(frame: Frame, region: Region) -> tuple[NDArray[np.float64], Frame]:
    """[2, 3] crop pixels -> frame pixels, and the upright region as [192, 192, 3]."""
    scale = region.size / LANDMARK_PX
    cos, sin = math.cos(region.angle) * scale, math.sin(region.angle) * scale
    half = LANDMARK_PX / 2
    to_frame = np.array(
        [
            [cos, -sin, region.x - cos * half + sin * half],
            [sin, cos, region.y - sin * half - cos * half],
        ]
    )
    crop = cv2.warpAffine(
        frame,
        to_frame,
        (LANDMARK_PX, LANDMARK_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return to_frame, crop.astype(np.uint8, copy=False)
