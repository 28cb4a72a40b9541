"""Pictures of a clip as JPEG: whole frames made small, and the aligned face at the peak."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.base import FrameBatch
from schemas.errors import AnnotationError, ClipError
from schemas.face import FaceTrack
from schemas.peak import Peak, Picture, Stills
from schemas.units import Row

# Where ArcFace (arXiv 1801.07698; insightface, face_align.py) puts the five points in a square of
# 112: the eye on the left of the picture, the other eye, nose, mouth corners likewise.
_TEMPLATE: Final = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float64,
)
_TEMPLATE_SIDE: Final = 112.0


class PictureSettings(Row):
    max_width_px: int = Field(
        default=640, ge=16, description="Wider pictures are made this wide; none is made larger."
    )
    quality: int = Field(default=87, ge=1, le=100, description="JPEG quality, 1-100.")
    face_px: int = Field(
        default=224, ge=16, description="Side of the aligned face picture in pixels."
    )


def encode(
    frame: NDArray[np.uint8],
    *,
    frame_index: int,
    t_s: float,
    max_width_px: int = 640,
    quality: int = 87,
) -> Picture:
    """JPEG of a frame [H, W, 3] RGB, made smaller where it is wider than `max_width_px`."""
    import cv2

    height, width = frame.shape[:2]
    if width > max_width_px:
        size = (max_width_px, max(1, round(height * max_width_px / width)))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ClipError(f"frame {frame_index} of {width}x{height} px could not be made a JPEG")
    return Picture(
        jpeg=jpeg.tobytes(),
        width_px=frame.shape[1],
        height_px=frame.shape[0],
        frame_index=frame_index,
        t_s=t_s,
    )


def face_crop(
    frame: NDArray[np.uint8], landmarks5: Sequence[float] | NDArray[np.float64], size: int = 224
) -> NDArray[np.uint8]:
    """[H, W, 3] RGB -> [size, size, 3] RGB: rotated, scaled and moved so that the five points
    (ten numbers x, y as in FaceTrack.landmarks_px) fall on ArcFace's places; eyes level.

    What lies outside the frame is black. Raises AnnotationError when the points fall together.
    """
    import cv2

    points = np.asarray(landmarks5, np.float64).reshape(5, 2)
    matrix = _similarity(points, _TEMPLATE * (size / _TEMPLATE_SIDE))
    # Shrinking by warp alone would skip pixels: first average down to twice the wanted scale.
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        height, width = frame.shape[:2]
        small = (max(1, round(width * 2 * scale)), max(1, round(height * 2 * scale)))
        frame = cv2.resize(frame, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        matrix = matrix @ np.diag([width / small[0], height / small[1], 1.0])
    crop = cv2.warpAffine(frame, matrix[:2], (size, size), flags=cv2.INTER_LINEAR)
    return crop.astype(np.uint8, copy=False)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares rotation, scale and shift [3, 3] from points [N, 2] to points [N, 2].

    As complex numbers it is target = a * source + b: a cannot mirror the face.
    """
    z, w = (points @ np.array([1, 1j]) for points in (source, target))
    spread = float(np.square(np.abs(z - z.mean())).sum())
    if spread < 1e-6:
        raise AnnotationError("the five points of the face fall together; no crop can be aligned")
    a = np.vdot(z - z.mean(), w - w.mean()) / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0, 0, 1]], np.float64)


def spread(frames: int, count: int) -> tuple[int, ...]:
    """`count` frames of a clip of so many, evenly from its first to its last, none twice. Rounded
    up, so that of an odd number the one in the middle is also the middle frame of the stills."""
    steps = (-(-(frames - 1) * step // (count - 1)) for step in range(count))
    return tuple(dict.fromkeys(steps))


def wanted_frames(track: FaceTrack, peak: Peak, count: int) -> tuple[int, ...]:
    """First and middle frame, peak and, where a model is shown `count` more of a clip with a peak,
    those; in order."""
    frames = len(track.t_s)
    wanted = {0, frames // 2}
    if peak.moment is not None:
        wanted |= {peak.moment.frame_index, *(spread(frames, count) if count else ())}
    return tuple(sorted(wanted))


class StillsListener:
    """Encodes the wanted frames of a clip as they pass; keeps JPEGs, not frames."""

    def __init__(
        self, track: FaceTrack, peak: Peak, settings: PictureSettings, count: int = 0
    ) -> None:
        if not track.t_s:
            raise ClipError(f"{track.clip_id}: a clip without frames has no pictures")
        self._track = track
        self._settings = settings
        self._middle = len(track.t_s) // 2
        self._peak = peak.moment.frame_index if peak.moment else None
        self._wanted = wanted_frames(track, peak, count)
        self._more = spread(len(track.t_s), count) if count and peak.moment else ()
        self._pictures: dict[int, Picture] = {}
        self._face: Picture | None = None

    def feed(self, batch: FrameBatch) -> None:
        for offset, frame in enumerate(batch.frames):
            index = batch.index + offset
            if index in self._wanted:
                self._pictures[index] = self._encoded(frame, index)
            if index == self._peak:
                self._face = self._cropped(frame, index)

    def finish(self) -> Stills:
        """Raises ClipError when a frame of the track did not come."""
        return Stills(
            clip_id=self._track.clip_id,
            first=self._taken(0),
            middle=self._taken(self._middle),
            peak=None if self._peak is None else self._taken(self._peak),
            face=self._face,
            more=tuple(self._taken(i) for i in self._more if i not in (0, self._peak)) or None,
        )

    def _taken(self, index: int) -> Picture:
        if index not in self._pictures:
            raise ClipError(
                f"{self._track.clip_id}: frame {index} of {len(self._track.t_s)} was not decoded "
                "again, so no picture of it can be kept"
            )
        return self._pictures[index]

    def _encoded(self, frame: NDArray[np.uint8], index: int) -> Picture:
        return encode(
            frame,
            frame_index=index,
            t_s=self._track.t_s[index],
            max_width_px=self._settings.max_width_px,
            quality=self._settings.quality,
        )

    def _cropped(self, frame: NDArray[np.uint8], index: int) -> Picture | None:
        points = self._track.landmarks_px[10 * index : 10 * index + 10]
        known = [value for value in points if value is not None]
        if len(known) < 10:
            return None
        return self._encoded(face_crop(frame, known, self._settings.face_px), index)


def clip_stills(
    batches: Iterable[FrameBatch],
    track: FaceTrack,
    peak: Peak,
    settings: PictureSettings,
    count: int = 0,
) -> Stills:
    """The pictures of one clip; `count`: as in `wanted_frames`."""
    listener = StillsListener(track, peak, settings, count)
    for batch in batches:
        listener.feed(batch)
    return listener.finish()
