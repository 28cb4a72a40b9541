"""The face engine `pyfeat`: which face is followed, and what its values become."""

import numpy as np
import pytest

from annotators.base import FrameBatch
from annotators.models.pyfeat import PyFeat, PyFeatFace
from annotators.pyfeat import PyFeatListener, PyFeatSettings, as_measured, follow
from schemas.errors import AnnotationError, ClipError

SHOT = [0] * 10


def face(left=0.0, size=10.0, **aus):
    points = tuple(np.full((68, 2), (left, 0.0)).ravel().tolist())
    return PyFeatFace(score=0.9, box=(left, 0, size, size), points=points, aus=aus)


def track_of(tmp_path, seen, settings=None):
    listener = PyFeatListener(
        "clip",
        PyFeat("py-feat 2.1.5 weights@1", lambda *_: tuple(map(tuple, seen))),
        clip_s=2.0,
        folder=tmp_path,
        settings=settings or PyFeatSettings(),
        frame_s=1.0,
    )
    for index in range(len(seen)):
        frame = np.full((1, 48, 64, 3), index, np.uint8)
        listener.feed(FrameBatch(index, np.array([index / 25]), frame))
    return listener.finish()


def test_values_of_0_to_1_become_intensities_of_0_to_5_and_presences(tmp_path):
    shown = face(AU12=0.8, AU06=0.3, AU28=0.7, AU43=0.9, AU11=0.9)
    track = track_of(tmp_path, [[shown], []])
    assert (track.au12_r, track.au12_c) == ((4.0, None), (True, None))
    assert (track.au06_r, track.au06_c) == ((1.5, None), (False, None))
    assert track.au28_c == (True, None)
    assert (track.baseline, track.proxy) == ("population", False)
    assert track.made_by.engine == "pyfeat"
    assert track.success == (True, False)


def test_units_that_pyfeat_lacks_are_unknown(tmp_path):
    track = track_of(tmp_path, [[face(AU12=0.8)]])
    assert {track.au45_r, track.au45_c, track.au01_r, track.yaw_deg} == {(None,)}


def test_a_presence_is_told_from_the_value_that_the_settings_name(tmp_path):
    strict = PyFeatSettings(presence_from=0.9)
    assert track_of(tmp_path, [[face(AU12=0.8)]], strict).au12_c == (False,)


def test_the_largest_face_is_followed_even_when_another_grows():
    large, small = face(0, 20), face(100, 10)
    grown = face(100, 40)
    assert follow([[small, large], [grown, large]], SHOT) == [large, large]


def test_a_face_that_is_gone_is_not_replaced_within_its_shot():
    ours, other = face(0, 20), face(100, 10)
    seen = [[ours, other], [other], [ours]]
    assert follow(seen, SHOT) == [ours, None, ours]
    assert follow(seen, [0, 1, 1]) == [ours, other, None]  # a new shot starts anew


def test_others_are_counted_and_compared(tmp_path):
    track = track_of(tmp_path, [[face(0, 20), face(100, 10)], [face(0, 20)], []])
    assert track.faces == (2, 1, 0)
    assert track.other_face_size == (0.25, None, None)


def test_no_face_anywhere_is_a_track_without_one(tmp_path):
    track = track_of(tmp_path, [[], []])
    assert track.success == (False, False)
    assert track.baseline is None


def test_what_pyfeat_does_not_finish_fails_the_clip(tmp_path):
    def look(*_):
        raise AnnotationError("pyfeat: answered for 1 of 2 frames")

    listener = PyFeatListener(
        "clip",
        PyFeat("m", look),
        clip_s=2.0,
        folder=tmp_path,
        settings=PyFeatSettings(),
        frame_s=1.0,
    )
    with pytest.raises(ClipError, match="no frame was decoded"):
        listener.finish()
    listener.feed(FrameBatch(0, np.array([0.0]), np.zeros((1, 48, 64, 3), np.uint8)))
    with pytest.raises(ClipError, match="answered for 1 of 2"):
        listener.finish()


def test_measures_are_taken_of_the_followed_face_alone():
    measured = as_measured([face(5, AU12=1.0), None], presence_from=0.5)
    assert measured.success.tolist() == [True, False]
    assert measured.points_px[0, 0].tolist() == [5, 0]
    assert np.isnan(measured.points_px[1]).all()
