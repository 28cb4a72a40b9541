import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.models.mesh_detector import (
    FULL_RANGE,
    OVERLAP,
    SHORT_RANGE,
    anchors,
    decode,
    detection,
    in_pixels,
    merge,
    windows,
)


def face(score, left, top, right, bottom):
    return [score, left, top, right, bottom, left, top, right, top]


@pytest.mark.parametrize(("shape", "outputs"), [(SHORT_RANGE, 896), (FULL_RANGE, 2304)])
def test_every_output_of_a_detector_has_an_anchor_inside_its_input(shape, outputs):
    centres = anchors(shape)
    assert centres.shape == (outputs, 2)
    assert 0 < centres.min() < centres.max() < 1


def test_anchors_run_along_the_rows():
    assert anchors(FULL_RANGE)[1].tolist() == pytest.approx([1.5 / 48, 0.5 / 48])


def test_offsets_are_taken_from_the_anchor_in_input_pixels():
    centres = np.array([[0.5, 0.25], [0.1, 0.1]], np.float32)
    raw = np.zeros((2, 16), np.float32)
    raw[0, :4] = [12.8, 0, 64, 32]
    raw[0, 4:8] = [-12.8, 0, 12.8, 0]
    found = decode(raw, np.array([3.0, -3.0], np.float32), centres, SHORT_RANGE)
    assert found.shape == (1, 9)
    assert found[0, 1:] == pytest.approx([0.35, 0.125, 0.85, 0.375, 0.4, 0.25, 0.6, 0.25])


def test_overlapping_boxes_become_one_weighted_by_score():
    faces = np.array([face(0.9, 0, 0, 10, 10), face(0.6, 1, 0, 11, 10)], np.float32)
    merged = merge(faces, SHORT_RANGE)
    assert merged.shape == (1, 9)
    assert merged[0, 0] == pytest.approx(0.9)
    assert merged[0, 1] == pytest.approx(0.6 / 1.5)


def test_separate_faces_stay_separate_the_surest_first():
    faces = np.array([face(0.6, 0, 0, 10, 10), face(0.9, 50, 0, 60, 10)], np.float32)
    assert merge(faces, SHORT_RANGE)[:, 0].tolist() == pytest.approx([0.9, 0.6])


def test_no_box_is_no_face():
    assert merge(np.zeros((0, 9), np.float32), SHORT_RANGE).shape == (0, 9)


def test_padding_is_taken_off_again():
    found = in_pixels(np.array([face(0.9, 0.25, 0.5, 0.75, 0.75)], np.float32), 200, 0, -50)
    assert detection(found[0]).x == pytest.approx(100)
    assert detection(found[0]).y == pytest.approx(125 - 50)
    assert detection(found[0]).width == pytest.approx(100)


@given(height=st.integers(1, 3000), width=st.integers(1, 3000))
def test_windows_cover_the_picture_and_overlap(height, width):
    side = min(height, width)
    starts = [top + left for top, left in windows(height, width)]
    assert starts[0] == 0
    assert starts[-1] + side == max(height, width)
    steps = np.diff(starts)
    assert all(steps <= side * (1 - OVERLAP) + 1)
