"""The face engine through a fake model seam: pictures carry in a few pixels what models see."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotators.base import FrameBatch
from annotators.face import FaceListener, MeshSettings
from annotators.models.mesh import Detection, Mesh, MeshModels, load_mesh_models
from annotators.models.mesh_geometry import rigid_template
from annotators.models.weights import MESH, weights_installed
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.errors import ClipError
from schemas.face import FaceTrack
from schemas.parquet import read_rows, write_rows

FPS = 25.0
WIDTH, HEIGHT = 160, 90
RIGID = (33, 263, 133, 362, 168, 6, 197, 195, 5, 10, 109, 338, 67, 297, 103, 332, 54, 284, 21, 251)
RIGID += (162, 389, 127, 356, 234, 454)
LIPS = {61: (-0.26, 0.8), 291: (0.26, 0.8), 13: (0, 0.79), 14: (0, 0.8), 0: (0, 0.72)}
LIPS |= {17: (0, 0.88), 2: (0, 0.57), 205: (-0.4, 0.55), 425: (0.4, 0.55), 152: (0, 1.25)}


@dataclass(frozen=True)
class Person:
    """A face in a picture; sizes are distances of the outer eye corners."""

    x: int = 80
    y: int = 40
    size: int = 20
    smile: float = 0.0  # 0-1
    yaw_deg: int = 0


def neutral_face():
    """[468, 3] in eye distances: the rigid template, a mouth, and points between them."""
    rng = np.random.default_rng(7)
    face = rng.uniform((-0.4, -0.1, -0.1), (0.4, 0.7, 0.1), (468, 3))
    face[list(RIGID)] = rigid_template()
    for point, (x, y) in LIPS.items():
        face[point] = (x, y, -0.1)
    for upper, lower in ((82, 87), (312, 317), (81, 178), (311, 402)):
        face[[upper, lower]] = [(0.0, 0.79, -0.1), (0.0, 0.8, -0.1)]
    for upper, lower in ((159, 145), (158, 153), (160, 144), (386, 374), (385, 380), (387, 373)):
        face[[upper, lower]] = [(-0.3, -0.05, 0.0), (-0.3, 0.04, 0.0)]
    return face


NEUTRAL = neutral_face()


def shaped(person):
    """The face of a person in pixels: corners of the mouth up and out, then turned and placed."""
    face = NEUTRAL.copy()
    face[61] += np.array([-0.1, -0.1, 0]) * person.smile
    face[291] += np.array([0.1, -0.1, 0]) * person.smile
    turn = np.radians(person.yaw_deg)
    cos, sin = np.cos(turn), np.sin(turn)
    face = face @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]).T
    face[:, 2] /= 0.75
    return (face * person.size + (person.x, person.y, 0)).astype(np.float32)


def picture(*people, scene=0):
    frame = np.random.default_rng(scene).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    frame[0, :20] = 0
    for i, p in enumerate(people):
        frame[0, 2 * i] = (p.x, p.y, p.size)
        frame[0, 2 * i + 1] = (round(p.smile * 200), p.yaw_deg + 90, 1)
    return frame


def people_in(frame):
    rows = frame[0, :20].reshape(10, 6).astype(int)
    return [Person(x, y, s, m / 200, turn - 90) for x, y, s, m, turn, there in rows if there]


def detect(frame):
    return [
        Detection(0.9, p.x, p.y + 0.3 * p.size, 2 * p.size, 2 * p.size, 0) for p in people_in(frame)
    ]


def landmark(frame, region):
    inside = [
        p
        for p in people_in(frame)
        if abs(p.x - region.x) < region.size / 3 and abs(p.y - region.y) < region.size / 3
    ]
    if not inside:
        return Mesh(np.zeros((468, 3), np.float32), 0.1)
    nearest = min(inside, key=lambda p: abs(p.x - region.x) + abs(p.size - region.size / 3))
    return Mesh(shaped(nearest), 0.99)


def nobody(frame):
    return []


MODELS = MeshModels(detect=detect, detect_far=nobody, landmark=landmark, digest="fake")


def track(pictures, *, models=MODELS, batch=4, options=None, fps=FPS):
    listener = FaceListener("clip-1", models, settings=options)
    for start in range(0, len(pictures), batch):
        part = pictures[start : start + batch]
        t_s = (start + np.arange(len(part))) / fps
        listener.feed(FrameBatch(start, t_s, np.stack(part)))
    return listener.finish()


def smiling(levels, **kwargs):
    return [picture(Person(smile=level), **kwargs) for level in levels]


REST_THEN_SMILE = [0.0] * 20 + [0.5, 1.0] + [1.0] * 16 + [0.5] + [0.0] * 11


def test_a_smile_is_seen_where_it_happens_and_rest_is_zero():
    smile = track(smiling(REST_THEN_SMILE)).intensity("AU12")
    assert max(smile[:19]) == 0
    assert min(smile[23:36]) > 2
    assert max(smile[41:]) == 0


def test_a_track_says_who_made_it_and_relative_to_what():
    row = track(smiling(REST_THEN_SMILE))
    assert (row.made_by.engine, row.made_by.model) == ("mesh", "fake")
    assert row.proxy
    assert row.baseline == "rest"


def test_units_that_geometry_cannot_tell_are_none_not_absent():
    row = track(smiling(REST_THEN_SMILE))
    for au in ("AU04", "AU05", "AU09", "AU23"):
        assert set(row.intensity(au)) == {None}
        assert set(row.presence(au)) == {None}
    assert set(row.presence("AU28")) == {None}


def test_presence_is_the_stored_intensity_against_the_threshold():
    levels = [0.0] * 20 + list(np.linspace(0, 1, 30))
    row = track(smiling(levels), options=MeshSettings(presence_from=2.0))
    assert any(2.0 <= value < 2.4 for value in row.intensity("AU12"))
    pairs = list(zip(row.intensity("AU12"), row.presence("AU12"), strict=True))
    assert {present for _, present in pairs} == {True, False}
    assert all(present == (value >= 2.0) for value, present in pairs)


def test_frames_without_a_face_carry_nothing():
    pictures = smiling(REST_THEN_SMILE)
    pictures[10] = picture()
    row = track(pictures)
    assert [i for i, seen in enumerate(row.success) if not seen] == [10]
    for name in ("confidence", "box_x_px", "pitch_deg", "eye_closure", "mouth_open", "smile"):
        column = getattr(row, name)
        assert column[10] is None
        assert None not in column[:10] + column[11:]
    assert row.intensity("AU12")[10] is None
    assert row.landmarks_px[100:110] == (None,) * 10


def test_nobody_at_all_has_no_baseline():
    row = track([picture()] * 30)
    assert row.success == (False,) * 30
    assert row.baseline is None
    assert set(row.faces) == {0}
    assert all(set(row.intensity(au)) == {None} for au in INTENSITY_AUS)


def test_rest_is_not_shared_across_a_cut():
    half_smile = [0.5 + 0.3 * (i % 20 > 9) for i in range(40)]
    row = track(smiling(REST_THEN_SMILE) + smiling(half_smile, scene=1))
    assert row.shot == (0,) * 50 + (1,) * 40
    assert min(row.intensity("AU12")[50:]) == 0
    assert max(row.intensity("AU12")[50:]) < max(row.intensity("AU12")[:50])


def test_a_shot_too_short_to_know_its_rest_has_none_beside_one_that_knows():
    row = track(smiling(REST_THEN_SMILE) + smiling([1.0] * 8, scene=1))
    assert all(row.success)
    assert None not in row.intensity("AU12")[:50]
    assert set(row.intensity("AU12")[50:]) == {None}
    assert None not in row.smile


@pytest.mark.parametrize("frames", [1, 12, 40])
def test_a_still_face_is_measured_against_the_population(frames):
    row = track(smiling([1.0] * frames))
    assert row.baseline == "population"
    assert set(row.presence("AU12")) == {True}
    assert set(row.presence("AU25")) == {False}
    given_aus = {au for au in INTENSITY_AUS if row.intensity(au)[0] is not None}
    assert given_aus == {"AU12", "AU25", "AU26"}


def test_half_a_second_is_too_short_to_know_a_rest():
    assert track(smiling(REST_THEN_SMILE), fps=100).baseline == "population"


def test_a_neutral_still_shows_no_smile():
    assert track(smiling([0.0])).presence("AU12") == (False,)


def test_a_face_that_never_comes_to_rest_has_no_rest():
    rng = np.random.default_rng(3)
    row = track(smiling(rng.uniform(0, 1, 50)))
    assert row.baseline == "rest"  # a mouth alone may be busy
    shaken = MeshModels(detect, nobody, lambda f, r: _shaken(landmark(f, r), f), "fake")
    assert track(smiling(rng.uniform(0, 1, 50)), models=shaken).baseline == "population"


def _shaken(mesh, frame):
    noise = np.random.default_rng(int(frame[0, 1, 0])).normal(0, 1.0, (468, 3))
    return Mesh((mesh.points + noise).astype(np.float32), mesh.face_flag)


@settings(deadline=None, max_examples=12)
@given(batch=st.integers(1, 60), seed=st.integers(0, 1000))
def test_batches_do_not_change_the_row(batch, seed):
    rng = np.random.default_rng(seed)
    pictures = smiling(rng.uniform(0, 1, 30)) + [picture()] * 3 + smiling([0.2] * 20, scene=2)
    assert track(pictures, batch=batch) == track(pictures, batch=7)


def test_the_largest_face_is_followed_and_the_others_counted():
    row = track([picture(Person(x=35, size=12), Person(x=110, size=20))] * 30)
    assert set(row.faces) == {2}
    assert min(row.box_x_px) > 70
    assert row.other_face_size[0] == pytest.approx((12 / 20) ** 2, abs=0.01)


def test_a_slightly_larger_passer_by_is_not_followed():
    alone = [picture(Person(x=40, size=18))] * 10
    crowd = [picture(Person(x=40, size=18), Person(x=115, size=20))] * 60
    row = track(alone + crowd)
    assert max(row.box_x_px) < 40
    assert row.faces[-1] == 2


def test_a_face_that_stays_much_larger_is_followed_and_has_a_rest_of_its_own():
    levels = [0.2 + 0.8 * (i % 30 > 15) for i in range(120)]
    alone = [picture(Person(x=30, size=10))] * 20
    crowd = [picture(Person(x=30, size=10), Person(x=110, size=24, smile=s)) for s in levels]
    row = track(alone + crowd)
    assert row.box_x_px[35] < 40
    assert row.box_x_px[-1] > 60
    assert set(row.shot) == {0}
    assert min(v for v in row.intensity("AU12") if v is not None) == 0
    assert max(v for v in row.intensity("AU12") if v is not None) > 2


def test_a_face_found_again_where_it_was_keeps_its_rest():
    pictures = smiling(REST_THEN_SMILE) + [picture()] * 4 + smiling([1.0] * 6)
    assert min(track(pictures).intensity("AU12")[-5:]) > 2


def test_another_face_after_a_loss_has_a_rest_of_its_own():
    levels = [0.6 + 0.4 * (i % 20 > 9) for i in range(40)]
    other = [picture(Person(x=125, size=20, smile=level)) for level in levels]
    first = [picture(Person(x=35, smile=level)) for level in REST_THEN_SMILE]
    row = track(first + [picture()] * 2 + other)
    assert set(row.shot) == {0}
    assert min(row.intensity("AU12")[-40:]) == 0


def test_after_a_cut_the_largest_face_is_chosen_anew():
    small, large = Person(x=35, size=14), Person(x=115, size=20)
    row = track([picture(small)] * 12 + [picture(small, large, scene=1)] * 4)
    assert min(row.box_x_px[12:]) > 70


def test_the_far_detector_is_asked_when_the_near_one_finds_nobody():
    models = MeshModels(detect=nobody, detect_far=detect, landmark=landmark, digest="fake")
    assert all(track(smiling([0.0] * 20), models=models).success)


@pytest.mark.parametrize("person", [Person(x=2), Person(yaw_deg=70)], ids=["cut off", "turned"])
def test_a_face_that_cannot_be_measured_is_not_trusted(person):
    row = track([picture(person)] * 5)
    assert row.success == (False,) * 5
    assert set(row.faces) == {1}


def test_a_head_turned_to_its_left_has_positive_yaw():
    row = track([picture(Person(yaw_deg=25))])
    assert row.yaw_deg[0] == pytest.approx(25, abs=1)
    assert row.pitch_deg[0] == pytest.approx(0, abs=1)


def test_landmarks_lie_where_the_face_is():
    x_y = np.array(track([picture(Person())]).landmarks_px).reshape(5, 2)
    right_eye, left_eye, _, right_mouth, left_mouth = x_y
    assert right_eye[0] < 80 < left_eye[0]
    assert right_mouth[0] < 80 < left_mouth[0]
    assert right_mouth[1] > right_eye[1]


def test_a_clip_without_frames_is_an_error_of_this_clip():
    with pytest.raises(ClipError, match="clip-1"):
        FaceListener("clip-1", MODELS).finish()


def test_a_track_goes_through_parquet_and_back(tmp_path):
    pictures = smiling(REST_THEN_SMILE)
    pictures[3] = picture()
    row = track(pictures)
    write_rows(tmp_path / "face.parquet", [row], FaceTrack)
    assert read_rows(tmp_path / "face.parquet", FaceTrack) == [row]


@pytest.mark.skipif(not weights_installed(MESH), reason="needs `merr engines install mesh`")
def test_the_real_models_see_no_face_in_noise_or_in_a_plain_picture():
    rng = np.random.default_rng(0)
    noise = list(rng.integers(0, 255, (6, 180, 320, 3), np.uint8))
    plain = [np.full((180, 320, 3), level, np.uint8) for level in (0, 128, 255)]
    row = track(noise + plain, models=load_mesh_models())
    assert row.success == (False,) * 9
    assert all(set(row.presence(au)) == {None} for au in PRESENCE_AUS)
