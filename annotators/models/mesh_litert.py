"""MediaPipe's face models run by LiteRT, one thread each."""

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

LANDMARK_PX: Final = 192


class _Model:
    """One tflite file: [1, S, S, 3] float32 in, its outputs as flat arrays out."""

    def __init__(self, path: Path) -> None:
        self._interpreter: Any = Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self._one_at_a_time = threading.Lock()  # an interpreter is not thread-safe

    def __call__(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        with self._one_at_a_time:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


class Detector:
    """A face detector on the whole frame, padded to a square, or on squares that cover it."""

    def __init__(self, path: Path, shape: DetectorShape, *, in_windows: bool = False) -> None:
        self._model = _Model(path)
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
        self._model = _Model(path)

    def __call__(self, frame: Frame, region: Region) -> Mesh:
        to_frame, crop = _cut(frame, region)
        points, flag = self._model(crop)
        mesh = points.reshape(POINTS, 3)
        scale = region.size / LANDMARK_PX
        x_y = mesh[:, :2] @ to_frame[:, :2].T + to_frame[:, 2]
        placed = np.concatenate([x_y, mesh[:, 2:] * scale], axis=1)
        probability = 0.5 + 0.5 * np.tanh(float(flag.ravel()[0]) / 2)  # the logistic function
        return Mesh(points=placed.astype(np.float32), face_flag=float(probability))


def _padded(frame: Frame, input_px: int) -> NDArray[np.float32]:
    """[H, W, 3] -> [S, S, 3] in -1..1, the picture in the middle, black (-1) around it."""
    height, width = frame.shape[:2]
    scale = input_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    left, top = (input_px - size[0]) // 2, (input_px - size[1]) // 2
    square = np.zeros((input_px, input_px, 3), np.uint8)
    square[top : top + size[1], left : left + size[0]] = small
    return square.astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)


def _cut(frame: Frame, region: Region) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The upright region as [192, 192, 3] in 0..1, and [2, 3] crop pixels -> frame pixels."""
    scale = region.size / LANDMARK_PX
    cos, sin = np.cos(region.angle) * scale, np.sin(region.angle) * scale
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
    return to_frame, crop.astype(np.float32) * np.float32(1 / 255)
