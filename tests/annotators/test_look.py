import numpy as np
import pytest

from annotators.base import FrameBatch
from annotators.look import LookListener
from schemas.errors import ClipError
from schemas.scene import Look


def look_at(frames: np.ndarray, batch: int = 4) -> Look:
    listener = LookListener("c")
    for start in range(0, len(frames), batch):
        part = frames[start : start + batch]
        listener.feed(FrameBatch(start, np.arange(start, start + len(part)) / 25, part))
    return listener.finish()


def plain(*colours: tuple[int, int, int], size: tuple[int, int] = (90, 160)) -> np.ndarray:
    return np.stack([np.full((*size, 3), colour, np.uint8) for colour in colours])


def test_black_is_0_and_white_is_1():
    assert look_at(plain((0, 0, 0))).luma_mean == 0
    assert look_at(plain((255, 255, 255))).luma_mean == 1


def test_green_is_lighter_than_blue_to_the_eye():
    assert look_at(plain((0, 255, 0))).luma_mean == pytest.approx(0.715, abs=1e-3)
    assert look_at(plain((0, 0, 255))).luma_mean == pytest.approx(0.072, abs=1e-3)


def test_saturation_is_0_for_grey_and_1_for_a_pure_colour():
    assert look_at(plain((90, 90, 90))).saturation_mean == 0
    assert look_at(plain((0, 0, 200))).saturation_mean == 1
    assert look_at(plain((0, 0, 0))).saturation_mean == 0


def test_specks_of_colour_in_the_dark_do_not_make_a_picture_colourful():
    frame = plain((200, 200, 200))
    frame[:, :45] = (3, 0, 0)
    assert look_at(frame).saturation_mean < 0.02


def test_contrast_is_spread_over_the_picture():
    frame = plain((0, 0, 0))
    frame[:, :, :80] = 255
    assert look_at(frame).luma_sd == pytest.approx(0.5, abs=0.02)
    assert look_at(plain((77, 77, 77))).luma_sd == 0


def test_motion_is_the_mean_change_from_frame_to_frame():
    frames = plain((100, 100, 100), (110, 110, 110), (100, 100, 100))
    assert look_at(frames).motion == pytest.approx(10 / 255, abs=1e-3)
    assert look_at(np.repeat(frames[:1], 5, axis=0)).motion == 0


def test_a_single_frame_has_no_motion():
    assert look_at(plain((5, 5, 5))).motion is None


def test_a_cut_is_not_motion():
    frames = plain((50, 50, 50), (50, 50, 50), (200, 200, 200), (200, 200, 200))
    assert look_at(frames).motion == 0


def test_frames_of_different_size_are_not_compared():
    listener = LookListener("c")
    for index, size in enumerate([(90, 160), (160, 90)]):
        listener.feed(FrameBatch(index, np.array([index / 25]), plain((9, 9, 9), size=size)))
    assert listener.finish().motion is None


def test_sensor_noise_is_almost_still_and_a_moving_object_is_not():
    rng = np.random.default_rng(1)
    noise = np.clip(120 + rng.normal(0, 5, (6, 270, 480, 3)), 0, 255).astype(np.uint8)
    moving = np.full((6, 270, 480, 3), 60, np.uint8)
    for i, frame in enumerate(moving):
        frame[:, 40 * i : 40 * i + 120] = 220
    assert look_at(noise).motion < 0.003
    assert look_at(moving).motion > 0.015


def test_how_frames_are_batched_changes_nothing():
    frames = np.random.default_rng(2).integers(0, 256, (7, 64, 48, 3), np.uint8)
    assert look_at(frames, batch=1) == look_at(frames, batch=7)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (720, 1280)])
def test_pictures_of_any_size_are_measured(size):
    look = look_at(plain((255, 0, 0), (255, 0, 0), size=size))
    assert (look.frames, look.saturation_mean, look.motion) == (2, 1, 0)


def test_memory_does_not_grow_with_the_clip():
    listener = LookListener("c")
    batch = FrameBatch(0, np.zeros(1), plain((9, 9, 9)))
    listener.feed(batch)
    kept = sum(getattr(value, "nbytes", 0) for value in vars(listener).values())
    for _ in range(50):
        listener.feed(batch)
    assert sum(getattr(value, "nbytes", 0) for value in vars(listener).values()) == kept


def test_no_frame_at_all_is_an_error_not_a_dark_picture():
    with pytest.raises(ClipError, match="c: no frame"):
        LookListener("c").finish()
