import pytest

from annotators.scene import describe_scene, head_direction
from pipeline.peak import PeakSettings, find_peak
from schemas.maker import Maker
from schemas.scene import Look, Scene
from tests.pipeline.tracks import make_track


def look(**fields) -> Look:
    calm = {
        "frames": 10,
        "luma_mean": 0.45,
        "luma_sd": 0.2,
        "saturation_mean": 0.2,
        "motion": 0.001,
    }
    return Look(clip_id="c", made_by=Maker(engine="look", version="1"), **{**calm, **fields})


def scene(*, frame_height: int = 240, picture: Look | None = None, **columns) -> Scene:
    track = make_track(**columns)
    peak = find_peak(track, PeakSettings())
    return describe_scene("c", picture or look(), track, peak, frame_height)


def test_a_calm_close_up_is_said_plainly():
    assert scene().description == (
        "A close-up in even light shows one person facing the camera. The picture is almost still."
    )


def test_without_a_face_the_picture_alone_is_described():
    seen = scene(success=False, picture=look(luma_mean=0.8, saturation_mean=0.5, motion=None))
    assert seen.description == "No face is found in this brightly lit, colourful picture."
    assert (seen.shot_size, seen.head, seen.faces) == (None, None, 0)


@pytest.mark.parametrize(
    ("frame_height", "shot_size"),
    [
        (120, "extreme close-up"),
        (133, "extreme close-up"),
        (134, "close-up"),
        (400, "close-up"),
        (401, "medium shot"),
        (1000, "medium shot"),
        (1001, "long shot"),
    ],
)
def test_the_shot_is_named_by_how_much_of_the_height_the_face_fills(frame_height, shot_size):
    assert scene(frame_height=frame_height).shot_size == shot_size


@pytest.mark.parametrize(
    ("yaw", "pitch", "head"),
    [
        (14, -14, "facing the camera"),
        (16, 0, "turned to the viewer's right"),  # the person's left
        (-40, 0, "turned to the viewer's left"),
        (0, 20, "tilted down"),
        (-20, -20, "turned to the viewer's left and tilted up"),
        (None, 0, None),
    ],
)
def test_the_head_points_where_the_viewer_sees_it(yaw, pitch, head):
    assert head_direction(make_track(n=1, yaw_deg=yaw, pitch_deg=pitch), 0) == head


def test_the_head_is_that_of_the_peak():
    seen = scene(n=3, au12_r=[0, 3, 0], yaw_deg=[0, 30, 0])
    assert seen.head == "turned to the viewer's right"
    assert "one person, head turned to the viewer's right." in seen.description


def test_a_face_that_is_never_certain_is_still_seen():
    seen = scene(n=3, confidence=[0.1, 0.3, 0.2], yaw_deg=[0, -30, 0])
    assert seen.head == "turned to the viewer's left"
    assert seen.shot_size == "close-up"


def test_people_are_counted_where_most_are_seen_at_once():
    seen = scene(n=3, faces=[1, 3, 2])
    assert seen.faces == 3
    assert "shows three people, the one followed facing the camera." in seen.description


def test_a_box_that_is_not_known_gives_no_shot_size():
    seen = scene(box_height_px=None)
    assert seen.shot_size is None
    assert seen.description.startswith("A picture in even light shows one person")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"luma_mean": 0.05}, "A close-up in near darkness"),
        ({"luma_mean": 0.2}, "in dim light"),
        ({"luma_mean": 0.7}, "in bright light"),
        ({"luma_sd": 0.3}, "A close-up with strong contrast shows"),
        ({"saturation_mean": 0.01}, "A black-and-white close-up"),
        ({"saturation_mean": 0.4}, "A colourful close-up"),
        ({"motion": 0.01}, "There is some movement in the picture."),
        ({"motion": 0.05}, "There is a lot of movement in the picture."),
    ],
)
def test_measures_become_words(fields, words):
    assert words in scene(picture=look(**fields)).description


def test_after_a_cut_light_and_colour_are_not_said_of_the_shot_with_the_face():
    seen = scene(shot=[0] * 5 + [1] * 5, picture=look(saturation_mean=0.5))
    assert seen.description == (
        "A close-up shows one person facing the camera. The picture is almost still. "
        "The clip is cut together from two shots."
    )
    assert seen.colour == "colourful"


def test_the_article_fits_the_word_after_it():
    assert scene(frame_height=130).description.startswith("An extreme close-up")


def test_a_still_says_nothing_about_movement():
    assert scene(n=1, picture=look(motion=None)).description.count(".") == 1
