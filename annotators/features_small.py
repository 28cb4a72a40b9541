"""Features without a model, for the demo only: figures of what the parts hold already.

They let the trainer's demo run on any machine, learn from a face and a voice, and be the same to
the byte. Nobody should train on them: they know no more than the columns they are made of.

What is not known has no value to stand for it, so every figure is followed by 1 where it is known,
and by 0, after a 0, where it is not.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.features import Encoded, aligned_frames, motion_frames
from schemas.au import INTENSITY_AUS
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.peak import Peak, Picture
from schemas.tone import ToneMeasures

VERSION: Final = "1"
CELLS: Final = 8  # of a picture, each way
_POSE: Final = ("pitch_deg", "yaw_deg", "roll_deg")
_MOVING: Final = ("AU01", "AU02", "AU12", "AU25", "AU26", "AU45")  # what `mesh` can tell
# By which measures are made about 1: so that no figure drowns the others.
_SCALES: Final = {
    "speech_s": 10.0,
    "f0_median_hz": 200.0,
    "f0_low_hz": 200.0,
    "f0_high_hz": 200.0,
    "f0_sd_semitones": 4.0,
    "f0_slope_semitones_per_s": 4.0,
    "voiced_share": 1.0,
    "level_dbfs": 30.0,
    "level_range_db": 30.0,
    "words_per_s": 4.0,
    "syllables_per_s": 5.0,
    "pause_share": 1.0,
}


def small_audio(measures: ToneMeasures) -> Encoded:
    """Twelve measures of the voice, [24]."""
    values = (getattr(measures, name) for name in _SCALES)
    return _told(
        None if value is None else value / scale
        for value, scale in zip(values, _SCALES.values(), strict=True)
    )


def small_face(track: FaceTrack, peak: Peak) -> Encoded:
    """Of each of 17 units mean, largest, spread and value at the peak, each of 5, [136]."""
    at = peak.moment.frame_index if peak.moment else None
    figures: list[float | None] = []
    for au in INTENSITY_AUS:
        column = track.intensity(au)
        known = np.array([value for value in column if value is not None])
        at_peak = None if at is None else column[at]
        if len(known):
            figures += [known.mean() / 5, known.max() / 5, known.std() / 5]
        else:
            figures += [None, None, None]
        figures.append(None if at_peak is None else at_peak / 5)
    return _told(figures)


def small_motion(track: FaceTrack) -> Encoded:
    """Six units (of 5) and the pose (of 45 degrees) in the sixteen frames, [288]."""
    columns: list[tuple[Sequence[float | None], float]] = [
        *((track.intensity(au), 5.0) for au in _MOVING),
        *((getattr(track, name), 45.0) for name in _POSE),
    ]
    frames = motion_frames(track)
    return _told(
        None if (value := column[frame]) is None else value / scale
        for column, scale in columns
        for frame in frames
    )


def small_image(picture: Picture) -> Encoded:
    """Mean red, green and blue of 8 x 8 fields of a picture, 0 to 1, [192]."""
    import cv2

    bgr = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ClipError(f"the picture of frame {picture.frame_index} is no JPEG")
    small = cv2.resize(bgr, (CELLS, CELLS), interpolation=cv2.INTER_AREA)[:, :, ::-1]
    return Encoded((small.reshape(-1) / 255).astype(np.float32))


def has_face(track: FaceTrack) -> bool:
    return bool(aligned_frames(track))


def _told(figures: Iterable[float | None]) -> Encoded:
    """[2 x figures]"""
    pairs: list[tuple[float, float]] = [(0.0, 0.0) if f is None else (f, 1.0) for f in figures]
    flat: NDArray[np.float32] = np.array(pairs, np.float32).reshape(-1)
    return Encoded(flat)
