"""The build as people start it: the installed command, Prefect's flow, real workers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.layout import WorkFolder
from tests.conftest import DEMO
from tests.pipeline.workshop import Workshop, books_of, bring_about, check_balance

MERR = Path(sys.executable).with_name("merr")


@pytest.fixture
def small(tmp_path):
    """One clip with a label, and a broken one."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("smile.mp4", "smile.srt"):
        shutil.copy(DEMO / name, sources)
    (sources / "broken.mp4").write_text("this is a text\n" * 20)
    (sources / "labels.csv").write_text("name,label\nsmile.mp4,happy\n")
    return Workshop(sources, WorkFolder(tmp_path / "work"))


def merr_build(small, *options, **settings):
    words = [MERR, "build", small.sources, "--work", small.work.root, *options]
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        cwd=small.sources.parent,
        **settings,
    )


def status(small):
    done = subprocess.run(
        [MERR, "status", str(small.work.root), "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)["stages"]


def test_the_command_makes_what_its_parts_make_byte_for_byte(small, built, pool, tmp_path):
    done = merr_build(small)
    assert done.returncode == 1, done.stderr
    assert "19 results made" in done.stdout
    assert "1 failed: `merr status" in done.stdout
    assert "face: 1/1\n" in done.stderr
    assert "Traceback" not in done.stderr
    books = books_of(small.open())
    check_balance(books)
    assert (books.stages["fine"].done, books.pending) == (1, 0)
    other = Workshop(small.sources, WorkFolder(tmp_path / "by_hand"))
    bring_about(other.open(), pool)
    assert small.parts() == other.parts()


@pytest.mark.slow
def test_a_build_stops_after_a_stage_and_goes_on_from_there(small, built):
    for until, done, waiting in (
        ("ingest", "ingest", "cut"),
        ("face", "tone", "peak"),
        ("label", "label", "heard"),
        ("english", "english", "evidence"),
        ("clues", "clues", "fine"),
    ):
        assert merr_build(small, "--until", until).returncode == 1
        stages = status(small)
        assert (stages[done]["done"], stages[waiting]["pending"]) == (1, 1)
    merr_build(small)
    assert status(small)["fine"] == {
        "entered": 1, "done": 1, "rejected": {}, "failed": {}, "retryable": 0, "pending": 0,
    }  # fmt: skip


REFUSING = """
from pipeline.jobs import JOBS
from schemas.errors import SetupError

def measure(payload):
    raise SetupError("the model file is not here; fetch it")

JOBS["measure"] = measure
"""


@pytest.mark.slow
def test_when_no_clip_can_work_the_build_stops_with_one_line(small, built, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(REFUSING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = merr_build(small)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "merr: the model file is not here; fetch it"
    assert "Traceback" not in done.stderr
    monkeypatch.delenv("PYTHONPATH")
    assert status(small)["face"]["pending"] == 1
    assert merr_build(small).returncode == 1
    assert status(small)["fine"]["done"] == 1
