import cv2
import numpy as np
import pytest

from annotators.base import FrameBatch
from pipeline.peak import PeakSettings, find_peak
from pipeline.pictures import (
    PictureSettings,
    clip_stills,
    encode,
    face_crop,
    spread,
    wanted_frames,
)
from schemas.errors import AnnotationError, ClipError
from schemas.peak import Picture
from tests.pipeline.tracks import FACE_POINTS, make_track

RED, GREEN, BLUE = (230, 20, 20), (20, 200, 20), (20, 20, 230)
POINT_COLOURS = (RED, GREEN, (255, 255, 255), BLUE, (200, 200, 20))


def opened(picture: Picture) -> np.ndarray:
    """[H, W, 3] RGB"""
    return cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (240, 320)) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


def dotted(points: np.ndarray, size: tuple[int, int] = (240, 320), radius: int = 4) -> np.ndarray:
    frame = plain((0, 0, 0), size)
    for (x, y), colour in zip(points, POINT_COLOURS, strict=True):
        cv2.circle(frame, (round(x), round(y)), radius, colour, -1)
    return frame


def centre_of(colour: tuple[int, int, int], picture: np.ndarray) -> tuple[float, float]:
    near = np.abs(picture.astype(int) - colour).sum(axis=2) < 90
    ys, xs = np.nonzero(near)
    return float(xs.mean()), float(ys.mean())


def test_red_stays_red():
    picture = encode(plain(RED), frame_index=3, t_s=0.12)
    assert opened(picture).mean(axis=(0, 1)) == pytest.approx(RED, abs=6)
    assert (picture.frame_index, picture.t_s) == (3, 0.12)


def test_wide_pictures_shrink_in_proportion_and_small_ones_are_left_alone():
    wide = encode(plain(RED, (1080, 1920)), frame_index=0, t_s=0)
    small = encode(plain(RED, (31, 57)), frame_index=0, t_s=0)
    assert (wide.width_px, wide.height_px) == (640, 360)
    assert opened(wide).shape == (360, 640, 3)
    assert (small.width_px, small.height_px) == (57, 31)


def test_the_same_frame_gives_the_same_bytes():
    frame = np.random.default_rng(3).integers(0, 256, (90, 700, 3), np.uint8)
    assert encode(frame, frame_index=0, t_s=0) == encode(frame, frame_index=0, t_s=0)


@pytest.mark.parametrize("tilt_deg", [0, 35, -70])
@pytest.mark.parametrize("scale", [0.6, 1.0, 6.0])
def test_the_eyes_of_a_crop_are_level_and_in_place(tilt_deg, scale):
    turn = np.exp(1j * np.radians(tilt_deg)) * scale
    z = np.array(FACE_POINTS[::2]) + 1j * np.array(FACE_POINTS[1::2])
    side = round(300 * max(1, scale))
    z = (z - z.mean()) * turn + complex(side / 2, side / 2)
    points = np.stack([z.real, z.imag], axis=1)
    crop = face_crop(dotted(points, (side, side), round(4 * scale)), points.ravel())
    left, right = centre_of(RED, crop), centre_of(GREEN, crop)
    assert crop.shape == (224, 224, 3)
    assert left[1] == pytest.approx(right[1], abs=3)
    assert left == pytest.approx((76, 103), abs=8)
    assert right == pytest.approx((147, 103), abs=8)
    assert centre_of(BLUE, crop)[1] > left[1] + 50  # the mouth is below, not mirrored above


def test_points_that_fall_together_are_refused():
    with pytest.raises(AnnotationError, match="fall together"):
        face_crop(plain(RED), [7.0] * 10)


def batches(colours: list[tuple[int, int, int]], size: int = 2) -> list[FrameBatch]:
    frames = [plain(colour) for colour in colours]
    return [
        FrameBatch(i, np.arange(i, i + size) / 25, np.stack(frames[i : i + size]))
        for i in range(0, len(frames), size)
    ]


def test_first_middle_and_peak_are_the_frames_they_say():
    track = make_track(n=5, au12_r=[0, 0, 0, 3, 0])
    film = batches([RED, BLUE, GREEN, BLUE, RED])
    stills = clip_stills(film, track, find_peak(track, PeakSettings()), PictureSettings())
    for picture, index, colour in (
        (stills.first, 0, RED),
        (stills.middle, 2, GREEN),
        (stills.peak, 3, BLUE),
    ):
        assert (picture.frame_index, picture.t_s) == (index, track.t_s[index])
        assert opened(picture).mean(axis=(0, 1)) == pytest.approx(colour, abs=6)
    assert (stills.face.width_px, stills.face.frame_index) == (224, 3)


def test_a_clip_of_one_frame_is_its_own_first_middle_and_peak():
    track = make_track(n=1, au12_r=2.0)
    stills = clip_stills(
        batches([RED], 1), track, find_peak(track, PeakSettings()), PictureSettings()
    )
    assert stills.first == stills.middle == stills.peak


def test_without_a_peak_there_is_neither_peak_picture_nor_face():
    track = make_track(n=3, success=False)
    stills = clip_stills(
        batches([RED] * 3, 1), track, find_peak(track, PeakSettings()), PictureSettings()
    )
    assert (stills.peak, stills.face) == (None, None)


def test_without_landmarks_there_is_a_peak_picture_but_no_face():
    track = make_track(n=1, au12_r=2.0, landmarks_px=(None,) * 10)
    stills = clip_stills(
        batches([RED], 1), track, find_peak(track, PeakSettings()), PictureSettings()
    )
    assert stills.peak is not None
    assert stills.face is None


def test_a_second_decode_that_ends_early_is_an_error():
    track = make_track(n=9)
    with pytest.raises(ClipError, match="frame 4 of 9"):
        clip_stills(batches([RED] * 4), track, find_peak(track, PeakSettings()), PictureSettings())


@pytest.mark.parametrize(
    ("frames", "count", "wanted"),
    [
        (10, 3, (0, 5, 9)), (11, 3, (0, 5, 10)), (100, 8, (0, 15, 29, 43, 57, 71, 85, 99)),
        (3, 8, (0, 1, 2)), (1, 5, (0,)), (2, 4, (0, 1)),
    ],
)  # fmt: skip
def test_frames_are_spread_from_the_first_to_the_last_and_none_twice(frames, count, wanted):
    assert spread(frames, count) == wanted


@pytest.mark.parametrize("count", [3, 4, 8])
def test_pictures_for_a_model_change_none_of_those_that_are_released(count):
    track = make_track(n=12)
    peak = find_peak(track, PeakSettings())
    frames = np.random.default_rng(1).integers(0, 256, (12, 60, 80, 3), np.uint8)
    batches = [FrameBatch(i, np.array([track.t_s[i]]), frames[i : i + 1]) for i in range(12)]
    plain_ones = clip_stills(batches, track, peak, PictureSettings())
    stills = clip_stills(batches, track, peak, PictureSettings(), count)
    assert plain_ones.more is None
    assert stills.model_copy(update={"more": None}) == plain_ones
    shown = {0, peak.moment.frame_index, *(picture.frame_index for picture in stills.more)}
    assert shown == {peak.moment.frame_index, *spread(12, count)}
    assert wanted_frames(track, peak, count) == tuple(sorted(shown | {6}))
