"""The face engine `openface`: frames in, tables of OpenFace joined to one track."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from annotators.base import FrameBatch
from annotators.models.mesh import Detection, Mesh, MeshModels
from annotators.models.openface import OpenFace, run_openface
from annotators.models.openface_install import inspect_openface
from annotators.models.openface_table import OpenFaceTable, read_openface
from annotators.openface import OpenFaceListener, OpenFaceSettings, join_tables
from annotators.points68 import mouth_gaps
from annotators.view_angle import turned_from_camera
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.errors import AnnotationError, ClipError, TransientError
from schemas.face import FaceTrack
from schemas.parquet import read_rows, write_rows
from tests.openface.installs import MODEL, install

TABLES = Path(__file__).parents[1] / "openface"
REAL = "MERR_OPENFACE_TABLES"  # a folder of CSVs that a real OpenFace wrote
FPS = 25.0
ALONE = [Detection(0.9, 130.0, 140.0, 60.0, 60.0, 0.0)]
OTHER = Detection(0.9, 20.0, 20.0, 30.0, 30.0, 0.0)
DOUBTFUL = Detection(0.6, 20.0, 20.0, 30.0, 30.0, 0.0)


def models(detected, *, flag=0.0):
    """A detector that always sees these faces; `flag`: what the mesh says of a doubtful one."""
    mesh = Mesh(np.zeros((468, 3), np.float32), flag)
    return MeshModels(lambda _: detected, lambda _: [], lambda _, __: mesh, "fake")


def table(frames, *, found=None, smile=1.0, smiles=True, turn=True):
    points = np.full((frames, 68, 2), (130.0, 140.0))
    points[:, 36:42], points[:, 42:48] = (110, 120), (150, 120)
    points[:, 30], points[:, 48], points[:, 54] = (130, 140), (115, 160), (145, 160)
    points[:, 62], points[:, 66] = (130, 158), (130, 166)
    return OpenFaceTable(
        success=np.full(frames, True) if found is None else np.array(found),
        confidence=np.full(frames, 0.95),
        intensity={au: np.full(frames, smile if au == "AU12" else 0.0) for au in INTENSITY_AUS},
        presence={au: np.full(frames, smiles and au == "AU12") for au in PRESENCE_AUS},
        turn_rad=np.tile([0.1, 0.2, 0.3], (frames, 1)) if turn else None,
        place_mm=np.tile([0.0, 0.0, 500.0], (frames, 1)) if turn else None,
        points_px=points,
        points_mm=None,
    )


def frames_of(*shots):
    """Frames of shots that look unlike each other: (how many, seed) each."""
    for count, seed in shots:
        look = np.random.default_rng(seed).integers(0, 256, (18, 32, 3), dtype=np.uint8)
        large = np.kron(look, np.ones((12, 12, 1), np.uint8))
        yield from [large] * count


def heard(tmp_path, frames, run, detected=ALONE, **more):
    listener = OpenFaceListener(
        "clip",
        clip_s=2.0,
        run=run,
        models=models(detected, **more),
        folder=tmp_path,
        settings=OpenFaceSettings(identity="program@1 model@2", detect_every=5),
    )
    for index, frame in enumerate(frames):
        listener.feed(FrameBatch(index, np.array([index / FPS]), frame[None]))
    return listener.finish()


def test_frames_that_cannot_be_written_are_nobody_elses_loss(tmp_path):
    place = tmp_path / "shot-0000.avi"
    place.symlink_to(place)
    listener = OpenFaceListener(
        "clip",
        clip_s=2.0,
        run=lambda *_: table(1),
        models=models(ALONE),
        folder=tmp_path,
        settings=OpenFaceSettings(),
    )
    for index, frame in enumerate(frames_of((3, 1))):
        listener.feed(FrameBatch(index, np.array([index / FPS]), frame[None]))
    with pytest.raises(TransientError, match="could not be written"):
        listener.finish()


def test_a_track_holds_what_openface_says_and_nothing_it_does_not(tmp_path):
    found = [True] * 29 + [False]
    track = heard(tmp_path, frames_of((30, 1)), lambda *_: table(30, found=found))
    assert track.proxy is False
    assert track.baseline == "rest"
    assert track.made_by.engine == "openface"
    assert track.made_by.model == "program@1 model@2"
    assert track.success == tuple(found)
    assert track.au12_r == (1.0,) * 29 + (None,)
    assert track.au12_c == (True,) * 29 + (None,)
    assert track.au28_c[0] is False
    assert track.confidence[-2:] == (0.95, None)
    assert track.landmarks_px[:10] == (110, 120, 150, 120, 130, 140, 115, 160, 145, 160)
    assert (track.box_x_px[0], track.box_height_px[0]) == (110, 46)
    assert track.mouth_open[0] == 0.2  # 8 px of 40
    assert (track.pitch_deg[0], track.yaw_deg[0]) == (5.73, -11.46)
    assert {track.smile, track.eye_closure} == {(None,) * 30}
    assert track.landmarks_px[-10:] == (None,) * 10


def test_a_track_comes_back_from_parquet_as_it_was(tmp_path):
    track = heard(tmp_path, frames_of((30, 1)), lambda *_: table(30, smile=1.234))
    write_rows(tmp_path / "face.parquet", [track], FaceTrack)
    assert read_rows(tmp_path / "face.parquet", FaceTrack) == [track]
    assert track.au12_r[0] == 1.23


def test_every_shot_is_a_file_of_its_own(tmp_path):
    asked = []

    def run(video, frames, calibrated):
        asked.append((video.name, frames, calibrated))
        return table(frames, smile=len(asked))

    track = heard(tmp_path, frames_of((40, 1), (30, 2)), run)
    assert asked == [("shot-0000.avi", 40, True), ("shot-0001.avi", 30, True)]
    assert track.shot == (0,) * 40 + (1,) * 30
    assert track.au12_r == (1.0,) * 40 + (2.0,) * 30


def test_intensities_of_a_shot_too_short_for_a_rest_are_unknown_beside_longer_ones(tmp_path):
    track = heard(tmp_path, frames_of((40, 1), (10, 2)), lambda _, n, __: table(n))
    assert track.baseline == "rest"
    assert track.au12_r == (1.0,) * 40 + (None,) * 10
    assert track.au12_c == (True,) * 50  # another predictor, which no shift touches


def test_a_clip_too_short_for_a_rest_is_scored_on_the_common_scale(tmp_path):
    asked = []

    def run(video, frames, calibrated):
        asked.append(calibrated)
        return table(frames)

    track = heard(tmp_path, frames_of((10, 1)), run)
    assert asked == [False]
    assert track.baseline == "population"
    assert track.au12_r == (1.0,) * 10


def test_a_still_has_its_units_too(tmp_path):
    track = heard(tmp_path, frames_of((1, 1)), lambda _, n, __: table(n))
    assert (track.success, track.baseline) == ((True,), "population")


def test_no_face_is_a_track_without_one(tmp_path):
    track = heard(tmp_path, frames_of((30, 1)), lambda _, n, __: table(n, found=[False] * n), [])
    assert not any(track.success)
    assert track.baseline is None
    assert set(track.faces) == {0}
    assert set(track.au12_c) | set(track.au12_r) | set(track.pitch_deg) == {None}


def test_faces_beside_the_followed_one_are_counted_and_compared(tmp_path):
    track = heard(tmp_path, frames_of((30, 1)), lambda *_: table(30), [*ALONE, OTHER])
    assert set(track.faces) == {2}
    assert set(track.other_face_size) == {0.25}  # 30 x 30 of 60 x 60
    alone = heard(tmp_path, frames_of((30, 1)), lambda *_: table(30))
    assert (set(alone.faces), set(alone.other_face_size)) == ({1}, {None})


@pytest.mark.parametrize(("flag", "faces"), [(0.9, 2), (0.1, 1)])
def test_a_doubtful_face_counts_where_the_mesh_sees_it_too(tmp_path, flag, faces):
    crowd = [*ALONE, DOUBTFUL]
    track = heard(tmp_path, frames_of((30, 1)), lambda *_: table(30), crowd, flag=flag)
    assert set(track.faces) == {faces}


def test_what_openface_does_not_finish_fails_the_clip(tmp_path):
    def run(*_):
        raise AnnotationError("openface: 3 rows for 30 frames")

    with pytest.raises(ClipError, match="3 rows"):
        heard(tmp_path, frames_of((30, 1)), run)
    with pytest.raises(ClipError, match="no frame was decoded"):
        heard(tmp_path, [], run)


def test_groups_that_were_not_written_are_unknown():
    bare = table(3, turn=False)
    joined = join_tables([table(3), bare], [True, True])
    assert joined.pose_deg is None
    assert joined.points_px is not None


def test_a_head_at_the_edge_that_looks_into_the_camera_is_not_turned():
    place = np.array([[0.0, 0.0, 500.0], [500.0, 0.0, 500.0], [0.0, -500.0, 500.0]])
    facing = np.radians([[0.0, 0.0, 0.0], [0.0, 45.0, 0.0], [45.0, 0.0, 0.0]])
    assert np.abs(turned_from_camera(facing, place)).max() < 1e-9
    straight = turned_from_camera(np.zeros((3, 3)), place)
    assert np.allclose(straight[1], [0, 45, 0])  # the person's left side is seen


def test_turning_the_head_does_not_close_the_mouth_in_space():
    points = np.zeros((2, 68, 3))
    points[:, 45], points[:, 62], points[:, 66] = (60, 0, 0), (30, 40, 0), (30, 52, 0)
    half = np.array([[0.5, 0, -0.866], [0, 1, 0], [0.866, 0, 0.5]])  # 60 degrees
    points[1] = points[1] @ half.T
    assert np.allclose(mouth_gaps(points), 0.2, atol=1e-3)
    assert mouth_gaps(points[..., :2])[1] > 0.3  # what the picture alone would say


@pytest.mark.parametrize("name", ["spaces.csv", "compact.csv"])
def test_both_styles_of_table_hold_the_same(name):
    found = read_openface(TABLES / name, frames=4)
    assert found.success.tolist() == [True, False, True, True]
    assert found.intensity["AU12"].tolist() == [3.9, 0.0, 3.9, 3.8]
    assert found.presence["AU28"].tolist() == [True, False, True, True]
    assert found.points_px is None
    assert np.allclose(found.turn_rad, [0.1, 0.2, 0.3])


def _cells(path):
    with path.open(encoding="ascii") as lines:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    return rows[0], rows[1:]


@pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no folder of real tables")
def test_tables_of_a_real_openface_are_read_without_loss():
    paths = sorted(Path(os.environ[REAL]).glob("*.csv"))
    assert paths
    for path in paths:
        names, rows = _cells(path)
        found = read_openface(path, frames=len(rows))
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        assert found.success.tolist() == [cell == "1" for cell in columns["success"]]
        for au in INTENSITY_AUS:
            assert [f"{v:.2f}" for v in found.intensity[au]] == list(columns[f"{au}_r"])
        for au in PRESENCE_AUS:
            assert [f"{float(v):.2f}" for v in found.presence[au]] == list(columns[f"{au}_c"])


@pytest.mark.skipif("OPENFACE_HOME" not in os.environ, reason="OPENFACE_HOME names no OpenFace")
def test_a_real_openface_reads_our_frames(tmp_path):
    from flows.face_engines import find_openface
    from pipeline.settings import Settings

    found = find_openface(Settings(), os.environ)
    openface = OpenFace(found.binary, found.model, 2, 8 << 30, 120.0, 5.0)

    def run(video, frames, calibrated):
        return run_openface(openface, video, frames=frames, calibrated=calibrated, folder=tmp_path)

    track = heard(tmp_path, frames_of((30, 1)), run, [])
    assert len(track.t_s) == 30
    assert not any(track.success)  # noise is no face


def test_the_stand_in_gives_a_track_through_the_whole_wrapper(tmp_path):
    found = inspect_openface(install(tmp_path / "openface", peak=20, spaces=False), MODEL)
    openface = OpenFace(found.binary, found.model, 2, 1 << 30, 60.0, 1.0)

    def run(video, frames, calibrated):
        return run_openface(openface, video, frames=frames, calibrated=calibrated, folder=tmp_path)

    track = heard(tmp_path, frames_of((40, 1)), run)
    assert track.au12_r.index(4.0) == 19
    assert track.success[:3] == (True, False, True)
