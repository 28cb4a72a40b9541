"""`merr evaluate --model`, killed while it asks: what was answered is not asked again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.test_evaluate_model import trained
from tests.trainer.small_release import synthetic

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

ROOT = Path(__file__).parents[2]
CLIPS = 12
WAIT_S = 300


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The command, but for --out: one clip at a time, answers of up to 500 tokens."""
    root = tmp_path_factory.mktemp("asked")
    release = synthetic(root / "small" / "0.1.0", held_out=CLIPS)
    run = trained(release, root / "run")
    words = ["evaluate", "--model", run, "--data", release, "--part", "val", "--benchmark"]
    return [str(w) for w in (*words, "labels", "--batch-size", 1, "--out")]


def start(words, out):
    command = [sys.executable, "-c", "from flows.cli import main; main()", *words, str(out)]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(words, out):
    running = start(words, out)
    _, complained = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, complained
    return complained


def kept(out):
    path = out / "asked.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def kill_when(words, out, ripe):
    running, end = start(words, out), time.monotonic() + WAIT_S
    while not ripe() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.0005)
    assert running.poll() is None, running.communicate()
    running.kill()
    running.communicate()


@pytest.fixture(scope="module")
def undisturbed(asked, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "f"
    assert finish(asked, out) == ""
    return out


def test_a_killed_evaluation_goes_on_where_it_was(asked, undisturbed, tmp_path):
    out = tmp_path / "f"
    kill_when(asked, out, lambda: len(kept(out)) >= 2)
    before = kept(out)
    assert 2 <= len(before) < CLIPS
    assert not (out / "evaluation.json").exists()
    assert f"{len(before)} answers of this model are there" in finish(asked, out)
    assert kept(out)[: len(before)] == before
    assert len(kept(out)) == CLIPS  # each was asked once
    for name in ("asked.jsonl", "answers.jsonl", "evaluation.json"):
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()


def test_a_line_that_a_kill_cut_is_asked_again_and_spoils_no_other(asked, undisturbed, tmp_path):
    out = tmp_path / "f"
    out.mkdir()
    whole = kept(undisturbed)
    (out / "asked.jsonl").write_bytes(b"".join(whole[:3]) + whole[3][:-20])
    finish(asked, out)
    assert kept(out)[:3] == whole[:3]
    assert kept(out)[4:] == whole[3:]
    assert (out / "answers.jsonl").read_bytes() == (undisturbed / "answers.jsonl").read_bytes()


def test_what_decides_an_answer_makes_others_of_it(asked, undisturbed, tmp_path):
    """Another decoding takes no kept answer for its own."""
    out = tmp_path / "f"
    out.mkdir()
    (out / "asked.jsonl").write_bytes(b"".join(kept(undisturbed)))
    words = [*asked[:-1], "--constrained", "--out"]
    assert finish(words, out) == ""
    lines = [json.loads(line) for line in kept(out)]
    assert len(lines) == 2 * CLIPS
    assert len({line["asker"] for line in lines}) == 2
