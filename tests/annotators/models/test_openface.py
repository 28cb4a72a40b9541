"""FeatureExtraction is believed in nothing: every way in which it was seen to fail, acted out."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from annotators.models.frame_file import FrameFile
from annotators.models.openface import OpenFace, run_openface
from annotators.models.openface_install import inspect_openface
from schemas.au import INTENSITY_AUS, PRESENCE_AUS
from schemas.errors import (
    AnnotationError,
    CrashError,
    DeadlineError,
    SetupError,
    TransientError,
)
from tests.openface.installs import MODEL, calls, install

FRAMES = 12


def video(folder, frames=FRAMES):
    with FrameFile(folder / "shot-0000.avi", seconds=1) as file:
        for number in range(frames):
            file.add(np.full((48, 64, 3), number, np.uint8))
    return file.whole()


@pytest.fixture
def run(tmp_path):
    """Has the stand-in act, and gives what comes of it."""
    path = video(tmp_path)

    def run(act="good", *, calibrated=True, frames=FRAMES, start_s=60.0, **told):
        binary = install(tmp_path / "openface", act, **told)
        openface = OpenFace(
            binary=binary,
            model=binary.parent / "model" / MODEL,
            threads=2,
            memory_bytes=1 << 30,
            start_s=start_s,
            frame_s=0.0,
        )
        before = sorted(tmp_path.iterdir())
        try:
            return run_openface(
                openface, path, frames=frames, calibrated=calibrated, folder=tmp_path
            )
        finally:
            assert sorted(tmp_path.iterdir()) == before, "it left something behind"

    run.binary = tmp_path / "openface" / "bin" / "FeatureExtraction"
    return run


@pytest.mark.parametrize("spaces", [True, False])
def test_a_good_run_is_read_whole_in_both_styles_of_header(run, spaces):
    table = run(spaces=spaces, peak=5)
    assert table.success.tolist() == [True, False] + [True] * 10
    assert table.confidence[:2].tolist() == [0.98, 0.02]
    assert set(table.intensity) == set(INTENSITY_AUS)
    assert set(table.presence) == set(PRESENCE_AUS)
    assert int(np.argmax(table.intensity["AU12"])) == 4
    assert table.intensity["AU12"][4] == 4.0
    assert table.presence["AU28"].tolist() == table.success.tolist()
    assert table.turn_rad[0].tolist() == [0.1, 0.2, 0.3]
    assert table.points_px.shape == (FRAMES, 68, 2)
    assert table.points_mm.shape == (FRAMES, 68, 3)
    assert table.points_px[0, 30].tolist() == [130, 140]


def test_no_face_is_a_good_run_without_success(run):
    assert not run("no_face").success.any()


def test_a_still_is_a_good_run_though_its_progress_stops_at_0_percent(run, tmp_path):
    (tmp_path / "shot-0000.avi").unlink()
    video(tmp_path, 1)
    assert run("one_frame", frames=1).success.tolist() == [True]


def test_warnings_on_stderr_are_no_sign_of_anything(run):
    assert run("noisy").success.any()


@pytest.mark.parametrize(
    ("act", "error", "says"),
    [
        ("unreadable", AnnotationError, "could not open the frames"),  # ends with 0
        ("silent", AnnotationError, "did not say that it finished"),  # ends with 0
        ("unclosed", AnnotationError, "did not say that it finished"),
        ("unfinished", AnnotationError, "did not say that it finished"),
        ("no_table", AnnotationError, "wrote no table"),
        ("fewer", AnnotationError, "11 rows for 12 frames"),
        ("more", AnnotationError, "13 rows for 12 frames"),
        ("negative", AnnotationError, r"AU04_r is -0\.31, outside 0-5"),
        ("not_a_number", AnnotationError, "AU04_r|damaged"),
        ("cut_line", AnnotationError, "damaged|not one value"),
        ("without_au28", AnnotationError, "no column AU28_c"),
        ("two_faces", AnnotationError, "more than one face"),
        ("killed", CrashError, "ended by signal 9"),
        ("killed_midway", CrashError, "ended by signal 9"),
        ("abort", CrashError, "ended by signal 6"),
        ("exit_2", CrashError, "exit code 2: something nobody knows"),
        ("model_missing", SetupError, "could not load its models"),
        ("other_model", SetupError, "loaded the model main_other_general.txt"),
    ],
)
def test_what_is_no_good_run_gives_no_table(run, act, error, says):
    with pytest.raises(error, match=says) as caught:
        run(act)
    assert type(caught.value) is error


def test_a_run_that_hangs_is_ended_with_all_it_started(run):
    before = {p.pid for p in psutil.process_iter()}
    with pytest.raises(DeadlineError, match="no end within 1 s"):
        run("hang", start_s=1.0)
    mine = [p for p in _processes() if p.pid not in before and "time.sleep(600)" in _line(p)]
    assert mine == []


def test_what_a_good_run_leaves_running_is_ended_too(run):
    run("leaves_child")
    pid = int((run.binary.parent / "child.pid").read_text())
    until = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.01)


def test_a_table_of_another_run_can_never_be_taken_for_this_one(run, tmp_path):
    (tmp_path / "shot-0000.csv").write_text("frame,success\n1,1\n")  # beside the frames
    with pytest.raises(AnnotationError, match="could not open"):
        run("unreadable")


def test_its_threads_are_bounded_and_its_model_is_named(run):
    run()
    run(calibrated=False)
    first, second = calls(run.binary)
    assert first["threads"] == "2"
    model = str(run.binary.parent / "model" / MODEL)
    assert first["arguments"][:2] == ["-mloc", model]
    assert "-au_static" not in first["arguments"]
    assert "-au_static" in second["arguments"]


def test_a_program_that_cannot_run_stops_the_build(run):
    run()
    run.binary.write_text("#!/no/such/interpreter\n")
    openface = OpenFace(run.binary, Path(MODEL), 1, 1 << 30, 60.0, 0.0)
    with pytest.raises(SetupError, match="cannot be started"):
        run_openface(openface, Path("x.avi"), frames=1, calibrated=True, folder=Path(os.curdir))


def test_an_install_is_known_by_its_bytes_and_by_what_its_models_are(tmp_path):
    binary = install(tmp_path)
    first = inspect_openface(binary)
    assert first.model.name == MODEL
    assert inspect_openface(binary).identity == first.identity
    (binary.parent / "AU_predictors" / "AU_all_best.txt").write_text("svr_combined_static\n")
    second = inspect_openface(binary)
    assert second.identity != first.identity
    (binary.parent / "model" / "main_ceclm_general.txt").write_text("better\n")
    third = inspect_openface(binary)
    assert third.model.name == "main_ceclm_general.txt"
    named = inspect_openface(binary, MODEL)
    assert named.model.name == MODEL
    binary.write_text(binary.read_text() + "\n# another build\n")
    assert inspect_openface(binary, MODEL).identity != named.identity


@pytest.mark.parametrize("broken", ["program", "model"])
def test_an_install_that_is_not_whole_says_where_to_read_on(tmp_path, broken):
    binary = install(tmp_path)
    if broken == "program":
        binary.chmod(0o644)
    else:
        (binary.parent / "model" / MODEL).unlink()
    with pytest.raises(SetupError, match=r"docs/engines/openface\.md"):
        inspect_openface(binary)


@pytest.mark.parametrize(("seconds", "codec"), [(2, 0), (36_000, "HFYU")])
def test_frames_come_out_of_their_file_as_they_went_in(tmp_path, seconds, codec):
    import cv2

    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (5, 35, 51, 3), dtype=np.uint8)  # sides that are not even
    with FrameFile(tmp_path / "x.avi", seconds=seconds) as file:
        for frame in frames:
            file.add(frame)
    reader = cv2.VideoCapture(str(file.whole()))
    read = [reader.read()[1][..., ::-1] for _ in frames]
    assert np.array_equal(np.stack(read), frames)
    assert reader.read()[0] is False
    told = int(reader.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    assert told == (bytes(4) if codec == 0 else codec.encode())


def test_frames_that_cannot_be_written_are_told_when_they_are_wanted(tmp_path):
    loop = tmp_path / "x.avi"
    loop.symlink_to(loop)  # a file system that fails, for this file alone
    file = FrameFile(loop, seconds=1)
    for _ in range(3):
        file.add(np.zeros((48, 64, 3), np.uint8))
    file.close()
    with pytest.raises(TransientError, match="could not be written"):
        file.whole()


def test_a_full_disk_or_a_folder_that_takes_nothing_stops_the_run(tmp_path):
    frame = np.zeros((48, 64, 3), np.uint8)
    with pytest.raises(SetupError, match="cannot be written into the work folder"):
        FrameFile(tmp_path / "no folder" / "x.avi", seconds=1).add(frame)
    full = FrameFile(Path("/dev/full"), seconds=1)  # a disk without room
    with pytest.raises(SetupError, match="make room"):
        _fill(full, frame)


def _fill(file, frame):
    for _ in range(100):
        file.add(frame)
    file.close()


def _processes():
    return [p for p in psutil.process_iter() if p.status() != psutil.STATUS_ZOMBIE]


def _line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
