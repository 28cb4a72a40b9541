import numpy as np
import pytest

from annotators.face_rest import smoothed
from annotators.models.mesh_features import measure_all
from annotators.models.mesh_geometry import (
    DEPTH_SCALE,
    KEPT,
    columns,
    fit,
    frontal,
    head_pose,
    normalised,
    rigid_template,
)

RIGID = columns(33, 263, 133, 362, 168, 6, 197, 195, 5, 10, 109, 338, 67, 297, 103, 332)
RIGID += columns(54, 284, 21, 251, 162, 389, 127, 356, 234, 454)


def kept_face(seed=0):
    face = np.random.default_rng(seed).uniform(-0.5, 0.9, (len(KEPT), 3))
    face[RIGID] = rigid_template()
    return face


def turn(axis, degrees):
    """Rotation about x (right), y (down) or z (away) by the right-hand rule."""
    angle = np.radians(degrees)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return matrix


def in_picture(face, rotation, size=80.0, at=(300.0, 200.0)):
    placed = face @ rotation.T * size
    placed[:, 2] /= DEPTH_SCALE
    placed[:, :2] += at
    return placed.astype(np.float32)[None]


def pose_of(rotation):
    shapes = normalised(in_picture(kept_face(), rotation))
    return head_pose(fit(shapes, rigid_template())[1])[0]


def test_the_template_is_symmetrical_and_frontal():
    template = rigid_template()
    assert template[:, 0].sum() == pytest.approx(0)
    assert pose_of(np.eye(3)) == pytest.approx([0, 0, 0], abs=1e-3)


@pytest.mark.parametrize(
    ("axis", "degrees", "expected"),
    [
        (0, 15, [15, 0, 0]),  # the nose, which points at the viewer (-z), goes down (+y)
        (0, -20, [-20, 0, 0]),
        (1, -30, [0, 30, 0]),  # the nose goes right in the picture: the person's left
        (2, 25, [0, 0, 25]),  # the left eye sinks: clockwise in the picture
    ],
)
def test_pose_angles_have_the_documented_signs(axis, degrees, expected):
    assert pose_of(turn(axis, degrees)) == pytest.approx(expected, abs=0.01)


def test_measures_do_not_depend_on_where_and_how_large_a_rigid_face_is():
    face = kept_face(2)
    views = [
        in_picture(face, np.eye(3)),
        in_picture(face, turn(1, 20) @ turn(2, 10), size=33, at=(50, 70)),
        in_picture(face, turn(0, -15), size=200, at=(900, 20)),
    ]
    measures = measure_all(frontal(fit(normalised(np.concatenate(views)), rigid_template())[0]))
    for values in measures.values():
        assert np.ptp(values) < 0.01


def test_smoothing_does_not_reach_over_a_gap():
    values = np.array([0.0, 3.0, 0.0, 6.0])
    assert smoothed(values, np.array([4, 5, 6, 20])) == pytest.approx([1.5, 1.0, 1.5, 6.0])


def test_smoothing_a_single_frame_keeps_it():
    assert smoothed(np.array([2.0]), np.array([7])) == pytest.approx([2.0])
