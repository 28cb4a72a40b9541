"""From settings to rows: the face engine that was chosen is found, checked, run and recorded."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from annotators.models.weights import MESH, weights_installed
from flows.face_engines import check_face_models, jobs_for, with_face_engine
from pipeline.engines import made_with, told
from pipeline.keys import digest
from pipeline.layout import WorkFolder
from pipeline.licences import engines_used, whole_licence
from pipeline.pool import WorkerPool
from pipeline.release import publish
from pipeline.settings import Settings
from pipeline.stages import BY_NAME
from schemas.errors import SetupError
from schemas.evidence import Evidence
from schemas.face import FaceTrack
from schemas.parquet import read_rows
from schemas.sample import CoarseSample
from tests.annotators.models.pyfeat_stub import stub_environment
from tests.conftest import DEMO
from tests.openface.installs import calls, install
from tests.pipeline.media_files import Film, make_film
from tests.pipeline.workshop import Workshop, books_of, bring_about, check_balance

MERR = Path(sys.executable).with_name("merr")
NEEDS_MESH = pytest.mark.skipif(
    not weights_installed(MESH), reason=f"the mesh models are not here: {MESH.command}"
)


def settings(engine, **sections):
    return Settings.model_validate({"face": {"engine": engine}} | sections)


@pytest.fixture
def clips(tmp_path):
    """One clip, labelled."""
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(DEMO / "smile.mp4", folder)
    (folder / "labels.csv").write_text("name,label\nsmile.mp4,happy\n")
    return folder


def chain_of(clips, made, work):
    return Workshop(clips, WorkFolder(work), made).open()


def only(chain, stage, row):
    (shard,) = chain.shards()
    (found,) = read_rows(chain.path(BY_NAME[stage], shard), row)
    return found


# ---- finding it


def test_openface_is_sought_by_setting_then_home_then_path(tmp_path):
    named, home, path = (install(tmp_path / name) for name in ("named", "home", "path"))
    environment = {"OPENFACE_HOME": str(tmp_path / "home"), "PATH": str(path.parent)}
    chosen = settings("openface", run={"openface": {"binary": str(named)}})
    assert with_face_engine(chosen, environment).run.openface.binary == named
    assert with_face_engine(settings("openface"), environment).run.openface.binary == home
    del environment["OPENFACE_HOME"]
    assert with_face_engine(settings("openface"), environment).run.openface.binary == path


@pytest.mark.parametrize("environment", [{}, {"OPENFACE_HOME": "/nowhere"}, {"PATH": "/nowhere"}])
def test_an_openface_that_is_not_there_says_what_to_do(environment):
    with pytest.raises(SetupError, match=r"OPENFACE_HOME.*docs/engines/openface\.md"):
        with_face_engine(settings("openface"), environment)


def test_an_identity_that_was_asked_for_is_kept_to(tmp_path):
    home = {"OPENFACE_HOME": str(tmp_path)}
    install(tmp_path)
    found = with_face_engine(settings("openface"), home)
    assert with_face_engine(found, home) == found
    with (tmp_path / "bin" / "FeatureExtraction").open("a") as program:
        program.write("# another build\n")
    with pytest.raises(SetupError, match=r"face\.openface\.identity is FeatureExtraction@"):
        with_face_engine(found, home)


def test_what_another_engine_needs_is_not_asked_for():
    assert with_face_engine(settings("mesh"), {}) == settings("mesh")
    check_face_models(settings("pyfeat"))  # whatever is here or not
    missing = settings("pyfeat", run={"pyfeat": {"python": "/no/python"}})
    with pytest.raises(SetupError, match="merr engines install pyfeat"):
        with_face_engine(missing, {})


def test_engines_with_threads_of_their_own_get_fewer_workers():
    assert [jobs_for(settings(name), 8) for name in ("mesh", "openface", "pyfeat")] == [8, 4, 4]
    assert jobs_for(settings("openface"), 1) == 1


# ---- running it


@NEEDS_MESH
def test_openface_makes_rows_that_labels_can_come_from(clips, pool, tmp_path):
    binary = install(tmp_path / "openface", peak=20, shown=["06"])
    (clips / "labels.csv").unlink()
    asked = settings("openface", label={"au_rule": True})
    made = with_face_engine(asked, {"OPENFACE_HOME": str(tmp_path / "openface")})
    chain = chain_of(clips, made, tmp_path / "work")
    bring_about(chain, pool)
    check_balance(books_of(chain))
    track = only(chain, "face", FaceTrack)
    assert track.made_by.engine == "openface"
    assert track.made_by.model == made.face.openface.identity
    assert track.au12_r.index(4.0) == 19
    assert "proxy_action_units" not in only(chain, "evidence", Evidence).flags
    sample = only(chain, "coarse", CoarseSample)
    assert sample.peak_index == 19
    (label,) = chain.rows("label", chain.shards()[0]).values()
    assert (label.label, label.source) == ("happy", "au_rule")
    assert len(calls(binary)) == 1
    assert list((tmp_path / "work" / "scratch").iterdir()) == []
    used = engines_used(chain)
    assert "rows made by openface: research only" in whole_licence("CC0-1.0", used)
    release = publish(chain, to=tmp_path / "releases", name="x", version="1.0.0").folder
    manifest = (release / "manifest.json").read_text("utf-8")
    assert str(tmp_path) not in manifest


@NEEDS_MESH
def test_rows_know_their_build_of_openface_and_not_where_it_lies(tmp_path):
    for name in ("one", "two", "other"):
        install(tmp_path / name)
    with (tmp_path / "other" / "bin" / "FeatureExtraction").open("a") as program:
        program.write("# another build\n")
    keys = []
    for name in ("one", "two", "other"):
        made = with_face_engine(settings("openface"), {"OPENFACE_HOME": str(tmp_path / name)})
        keys.append(digest([told(made.face), made_with(BY_NAME["face"], made)]))
    assert keys[0] == keys[1] != keys[2]


@NEEDS_MESH
@pytest.mark.parametrize(
    ("act", "error", "retryable"),
    [
        ("negative", "AnnotationError", False),
        ("killed", "CrashError", False),
        ("hang", "DeadlineError", True),
    ],
)
def test_a_run_that_went_wrong_costs_the_face_of_one_clip(
    clips, pool, tmp_path, act, error, retryable
):
    binary = install(tmp_path / "openface", act)
    quick = {"openface": {"start_s": 1.0, "frame_s": 0.0}}
    home = {"OPENFACE_HOME": str(tmp_path / "openface")}
    made = with_face_engine(settings("openface", run=quick), home)
    chain = chain_of(clips, made, tmp_path / "work")
    bring_about(chain, pool)
    books = books_of(chain)
    assert books.stages["face"].failed == {error: 1}
    check_balance(books)
    failure = chain.part(BY_NAME["face"], chain.shards()[0]).failures[0]
    assert failure.retryable is retryable
    assert list((tmp_path / "work" / "scratch").iterdir()) == []
    (binary.parent / "act.json").write_text(json.dumps({"act": "good"}))
    bring_about(chain, pool, retry_failed=True)
    assert books_of(chain).stages["fine"].done == 1


@NEEDS_MESH
def test_an_openface_without_its_models_stops_the_run(clips, pool, tmp_path):
    install(tmp_path / "openface", "model_missing")
    made = with_face_engine(settings("openface"), {"OPENFACE_HOME": str(tmp_path / "openface")})
    own = WorkerPool(1, log=tmp_path / "log", memory_gb=3)
    with own, pytest.raises(SetupError, match="could not load its models"):
        bring_about(chain_of(clips, made, tmp_path / "work"), own)


@NEEDS_MESH
@pytest.mark.slow
def test_a_worker_that_is_killed_takes_its_openface_with_it(clips, tmp_path):
    install(tmp_path / "openface", "hang")
    made = with_face_engine(settings("openface"), {"OPENFACE_HOME": str(tmp_path / "openface")})
    chain = chain_of(clips, made, tmp_path / "work")
    words = [
        sys.executable,
        "-c",
        KILLED,
        str(clips),
        str(tmp_path / "work"),
        made.model_dump_json(),
    ]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root) as build:
        ours = _wait_for(str(tmp_path / "openface"))
        os.kill(build.pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while ours.is_running() and ours.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.05)
    assert books_of(chain).pending == 1


KILLED = """
import sys
from pathlib import Path
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.settings import Settings
from tests.pipeline.workshop import Workshop, bring_about
clips, work, settings = sys.argv[1:]
workshop = Workshop(Path(clips), WorkFolder(Path(work)), Settings.model_validate_json(settings))
with WorkerPool(1, log=Path(work) / "log", memory_gb=3) as pool:
    bring_about(workshop.open(), pool)
"""


def _wait_for(words):
    """The process of OpenFace, once it runs on its leash."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for process in psutil.process_iter():
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            if "-out_dir" in line and "leash.py" not in " ".join(line) and words in " ".join(line):
                return process
        time.sleep(0.05)
    raise AssertionError("it never started")


@NEEDS_MESH
@pytest.mark.slow
def test_the_command_finds_openface_and_status_still_knows_it(clips, tmp_path):
    install(tmp_path / "openface")
    work = tmp_path / "work"
    words = [str(MERR), "build", str(clips), "--work", str(work), "--set", "face.engine=openface"]
    free = {k: v for k, v in os.environ.items() if k != "OPENFACE_HOME"}
    refused = subprocess.run(words, capture_output=True, text=True, env=free, check=False)
    assert refused.returncode == 2
    assert "OPENFACE_HOME" in refused.stderr
    home = free | {"OPENFACE_HOME": str(tmp_path / "openface")}
    done = subprocess.run(words, capture_output=True, text=True, env=home, check=False)
    assert done.returncode == 0, done.stderr
    again = subprocess.run(words, capture_output=True, text=True, env=home, check=False)
    assert "nothing to do" in again.stdout
    status = [str(MERR), "status", str(work), "--json"]
    said = subprocess.run(status, capture_output=True, text=True, env=free, check=True)
    assert json.loads(said.stdout)["stages"]["fine"]["done"] == 1


@NEEDS_MESH
def test_pyfeat_makes_rows_in_an_environment_of_its_own(tmp_path):
    python = stub_environment(tmp_path / "pyfeat")
    folder = tmp_path / "clips"
    folder.mkdir()
    make_film(folder / "grey.mp4", Film(frames=30))
    (folder / "labels.csv").write_text("name,label\ngrey.mp4,happy\n")
    made = with_face_engine(settings("pyfeat", run={"pyfeat": {"python": str(python)}}), {})
    chain = chain_of(folder, made, tmp_path / "work")
    with WorkerPool(1, log=tmp_path / "log", memory_gb=3) as own:
        bring_about(chain, own)
    books = books_of(chain)
    assert books.stages["face"].done == 1, chain.part(BY_NAME["face"], chain.shards()[0]).failures
    track = only(chain, "face", FaceTrack)
    assert len(track.t_s) == 30
    assert track.made_by.engine == "pyfeat"
    assert track.made_by.model.startswith("py-feat 2.1.5 weights.safetensors@")
    assert "research only" in whole_licence(None, engines_used(chain))


@NEEDS_MESH
def test_an_error_that_nobody_named_there_is_in_the_books_with_its_traceback(tmp_path):
    python = stub_environment(tmp_path / "pyfeat", breaks=True)
    make_film(tmp_path / "clips.mp4", Film(frames=10))
    made = with_face_engine(settings("pyfeat", run={"pyfeat": {"python": str(python)}}), {})
    chain = chain_of(tmp_path / "clips.mp4", made, tmp_path / "work")
    with WorkerPool(1, log=tmp_path / "log", memory_gb=3) as own:
        bring_about(chain, own)
    [failure] = chain.part(BY_NAME["face"], chain.shards()[0]).failures
    assert (failure.error, failure.retryable) == ("unexpected", False)
    assert failure.reason == "pyfeat: RuntimeError: the network broke"
    assert 'raise RuntimeError("the network broke")' in failure.unexpected


def test_a_work_folder_is_swept_of_frames_that_a_killed_run_left(tmp_path):
    from flows.session import locked

    work = WorkFolder(tmp_path)
    (work.scratch / "clip-1").mkdir(parents=True)
    (work.scratch / "clip-1" / "shot-0000.avi").write_bytes(b"left")
    with locked(work):
        assert not work.scratch.exists()
