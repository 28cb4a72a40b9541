"""Uneven rates, pictures on their side, a single frame, 4K: measured as shown, or rejected."""

import cv2
import numpy as np
import pytest

from tests.hostile.conftest import GOOD
from tests.hostile.films import HEIGHT, WIDTH, encode, enlarged, pictures_of
from tests.hostile.houses import FINE, Done, build

FROM, SHORT = 12, 30  # frames: from a face at rest to its smile
TURNED = {"turned_90.mp4": 90, "turned_180.mp4": 180, "turned_270.mp4": 270}  # as FFmpeg counts
UNEVEN_MS = tuple(np.cumsum([0, *[20, 60, 35, 90] * 8])[:SHORT].tolist())


@pytest.fixture(scope="module")
def done(folder, label, pool) -> Done:
    pictures = pictures_of("smile")[FROM : FROM + SHORT]
    encode(folder / "uneven.mp4", pictures, rate=1000, ticks=UNEVEN_MS)
    encode(folder / "upright.mp4", pictures)
    for name, degrees in TURNED.items():
        lying = [np.rot90(picture, -degrees // 90) for picture in pictures]
        encode(folder / name, lying, rotate=degrees)
    encode(folder / "one_frame.mp4", pictures[:1])
    encode(folder / "one_second.mp4", pictures[:1], rate=1)
    encode(folder / "4k.mp4", [enlarged(p, 3840, 2160) for p in pictures[::5]], rate=5)
    label(folder, "uneven.mp4", "upright.mp4", "one_frame.mp4", "one_second.mp4", "4k.mp4", *TURNED)
    return build(folder, folder.parent / "work", pool)


def test_frames_of_an_uneven_rate_are_measured_at_the_times_they_are_shown(done):
    assert done.fate("uneven.mp4") == FINE
    assert done.video("uneven.mp4").variable_rate is True
    track = done.row("face", "uneven.mp4")
    assert track.t_s == pytest.approx([ms / 1000 for ms in UNEVEN_MS], abs=1e-6)
    even = done.row("face", "upright.mp4")
    assert track.box_x_px == pytest.approx(even.box_x_px, abs=2)  # the same pictures, in order
    moment = done.row("peak", "uneven.mp4").moment
    assert moment.t_s == track.t_s[moment.frame_index]


@pytest.mark.parametrize(("name", "degrees"), TURNED.items())
def test_a_turned_film_is_measured_as_it_is_shown(done, name, degrees):
    assert done.fate(name) == FINE
    video = done.video(name)
    assert (video.width_px, video.height_px) == (WIDTH, HEIGHT)
    assert video.rotation_deg == -degrees % 360  # ours is clockwise
    track, upright = done.row("face", name), done.row("face", "upright.mp4")
    assert all(track.success)
    assert track.box_x_px == pytest.approx(upright.box_x_px, abs=4)
    assert track.box_y_px == pytest.approx(upright.box_y_px, abs=4)
    assert track.roll_deg == pytest.approx(upright.roll_deg, abs=3)
    shown, wanted = (picture_of(done, n) for n in (name, "upright.mp4"))
    assert np.abs(shown - wanted).mean() < 4


def picture_of(done, name):
    jpeg = done.row("stills", name).first.jpeg
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)


def test_a_film_of_one_frame_is_rejected_as_too_short(done):
    assert done.fate("one_frame.mp4") == ("rejected", "too_short")
    assert done.clips("one_frame.mp4") == []
    assert done.fate(GOOD) == FINE


def test_one_frame_that_is_shown_for_a_second_moves_nothing_and_knows_no_rest(done):
    assert done.fate("one_second.mp4")[0] == "released"
    assert len(done.row("face", "one_second.mp4").t_s) == 1
    assert done.row("look", "one_second.mp4").motion is None
    assert done.row("face", "one_second.mp4").baseline == "population"
    assert "population_baseline" in done.row("coarse", "one_second.mp4").flags
    assert done.row("peak", "one_second.mp4").moment.frame_index == 0


def test_4k_is_measured_and_its_pictures_are_kept_small(done):
    assert done.fate("4k.mp4")[0] == "released"
    video = done.video("4k.mp4")
    assert (video.width_px, video.height_px) == (3840, 2160)
    track, small = done.row("face", "4k.mp4"), done.row("face", "upright.mp4")
    assert all(track.success)
    assert [w / 6 for w in track.box_width_px] == pytest.approx(small.box_width_px[::5], rel=0.05)
    assert done.row("stills", "4k.mp4").peak.width_px == WIDTH
