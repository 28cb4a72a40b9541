"""`accelerate launch -m trainer`: as many processes as were asked for, or a refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import SetupError

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

ROOT = Path(__file__).parents[2]
BY_ACCELERATE = {"ACCELERATE_MIXED_PRECISION": "no", "MASTER_ADDR": "127.0.0.1"}


def launch(how, small, cache, out):
    launcher = ["-m", "accelerate.commands.launch", how, "--num_processes", "2", "-m", "trainer"]
    words = [small, "--recipe", "demo", "--out", out, "--cache", cache]
    words += ["--set", "run.visits=16", "--set", "run.per_step=8", "--set", "run.tensorboard=false"]
    return subprocess.run(
        [sys.executable, *launcher, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_two_processes_of_accelerate_share_a_run(small, cache, tmp_path):
    done = launch("--multi_gpu", small, cache, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    [session] = json.loads((tmp_path / "run" / "run.json").read_text())["sessions"]
    assert session["processes"] == 2
    assert done.stdout.count("step 2/2") == 1  # one process speaks


def test_one_process_where_two_were_asked_for_is_refused(small, cache, tmp_path):
    done = launch("--cpu", small, cache, tmp_path / "run")
    assert done.returncode != 0
    assert "say --multi_gpu in place of it" in done.stderr
    assert not (tmp_path / "run").exists()


def test_sharding_by_accelerate_is_refused_for_on_cpus_it_does_nothing_without_a_word():
    from trainer.__main__ import check_launch

    check_launch({})
    with pytest.raises(SetupError, match=r"--set device\.parallel=fsdp"):
        check_launch({"ACCELERATE_USE_FSDP": "true"})


def test_what_knows_that_it_is_one_of_many_is_no_process_alone():
    from trainer.__main__ import check_launch

    check_launch({"ACCELERATE_MIXED_PRECISION": "no"})  # one was asked for
    check_launch(BY_ACCELERATE | {"WORLD_SIZE": "2"})
    check_launch(BY_ACCELERATE | {"PMI_SIZE": "2"})
    with pytest.raises(SetupError, match="several processes and started one"):
        check_launch(BY_ACCELERATE)
