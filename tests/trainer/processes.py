"""Training runs as processes, which a test may kill."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from trainer.log import read_log

ROOT = Path(__file__).parents[2]
WAIT_S = 300
COMPARED = ("step", "loss", "lr", "gradient_norm", "samples", "tokens", "validation_loss")


def start(arguments: Sequence[str], *, processes: int = 1) -> subprocess.Popen[str]:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), "-m", "trainer", *arguments]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(arguments: Sequence[str], *, processes: int = 1) -> str:
    """What it printed. AssertionError where it failed."""
    running = start(arguments, processes=processes)
    said, _ = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, said
    return said


def kill_when(arguments: Sequence[str], ripe: Callable[[], bool], *, processes: int = 1) -> None:
    """Start a run, and end it with SIGKILL, launcher and all, as soon as `ripe` says so."""
    running = start(arguments, processes=processes)
    end = time.monotonic() + WAIT_S
    while not ripe() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.0005)
    assert running.poll() is None, running.communicate()[0]
    launcher = psutil.Process(running.pid)
    for process in (*launcher.children(recursive=True), launcher):
        process.kill()  # torchrun puts its workers into sessions of their own
    running.communicate()


def has_step(run: Path, step: int) -> Callable[[], bool]:
    return lambda: any(line["step"] >= step for line in read_log(run))


def told(run: Path) -> list[dict[str, object]]:
    """The log without its times. Floats are compared by every bit."""
    return [{k: line[k] for k in COMPARED if k in line} for line in read_log(run)]
