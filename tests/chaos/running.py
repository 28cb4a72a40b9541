"""The `merr` command as a process of its own, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import psutil

from flows.cli import app
from flows.guard import run_guarded

MARK: Final = "MERR_TEST_FOLDER"  # inherited by everything that a run starts
DRIVER: Final = Path(__file__).with_name("killed.py")
NOWHERE: Final = ("-", 0)
RUN_S: Final = 240.0
NAME: Final = "chaos"
VERSION: Final = "0.1.0"


@dataclass(frozen=True)
class Touch:
    """One line of a trail: a file that was touched, or would have been, had the run not died."""

    place: str
    number: int
    event: str
    name: str
    killed: bool


@dataclass(frozen=True)
class Ended:
    code: int
    output: str
    errors: str
    trail: list[Touch]


@dataclass(frozen=True)
class House:
    """One work folder and its releases."""

    root: Path
    sources: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def release(self) -> Path:
        return self.releases / NAME / VERSION

    @property
    def log(self) -> str:
        path = self.work / "merr.log"
        return path.read_text("utf-8") if path.exists() else ""

    def build(self, *more: str, kill: tuple[str, int] = NOWHERE) -> Ended:
        return self._run(*self.build_arguments(*more), kill=kill)

    def build_arguments(self, *more: str) -> list[str]:
        return ["build", str(self.sources), "--work", str(self.work), *more]

    def publish(self, *more: str, kill: tuple[str, int] = NOWHERE) -> Ended:
        where = [str(self.work), "--to", str(self.releases), "--name", NAME, "--version", VERSION]
        return self._run("publish", *where, *more, kill=kill)

    def _run(self, *arguments: str, kill: tuple[str, int]) -> Ended:
        with self.running(*arguments, kill=kill) as run:
            return run.end()

    @contextmanager
    def running(self, *arguments: str, kill: tuple[str, int] = NOWHERE) -> Iterator["Running"]:
        """A run, and at the end nothing of it, whatever the test did."""
        self.root.mkdir(parents=True, exist_ok=True)
        run = str(time.time_ns())
        files = Files(*(self.root / f"{run}.{name}" for name in ("out", "err", "trail")))
        command = [sys.executable, "-P", str(DRIVER), str(files.trail), str(self.work)]
        command += [str(self.releases), kill[0], str(kill[1]), "--", *arguments]
        with files.out.open("wb") as out, files.err.open("wb") as err:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, MARK: f"{self.root}/{run}"},
                start_new_session=True,
            )
        try:
            yield Running(process, files, self)
        finally:
            for left in self.alive(run):
                left.kill()
            process.wait()

    def alive(self, run: str = "") -> list[psutil.Process]:
        """Every process that this run, or any in this house, started and that has not ended."""
        mark = f"{self.root}/{run}"
        return [p for p in psutil.process_iter() if _environ(p).get(MARK, "").startswith(mark)]

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        """A command that only looks, in this process. Exit code, output and errors."""
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run_guarded(lambda: app(arguments))
        return code, out.getvalue(), err.getvalue()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("status", str(self.work), "--json")[1])
        return found


@dataclass(frozen=True)
class Files:
    out: Path
    err: Path
    trail: Path


@dataclass(frozen=True)
class Running:
    process: "subprocess.Popen[bytes]"
    files: Files
    house: House

    def end(self) -> Ended:
        code = self.process.wait(RUN_S)
        lines = self.files.trail.read_text("utf-8").splitlines()
        return Ended(
            code,
            self.files.out.read_text("utf-8"),
            self.files.err.read_text("utf-8"),
            [Touch(*json.loads(line)) for line in lines],
        )

    def interrupt(self) -> None:
        """Ctrl-C at a terminal: every process of its group hears it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def measuring(self) -> psutil.Process:
        """Waits until a worker is at work on a clip; that worker."""
        wait_until(lambda: "cut 00000: wrote" in self.house.log, "the cut")
        found: list[psutil.Process] = []
        wait_until(lambda: bool(found) or found.extend(self._busy()) or False, "a busy worker")
        return found[0]

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "pipeline.worker" in child.cmdline()]

    def _busy(self) -> list[psutil.Process]:
        """Workers that computed most of the last 0.2 s."""
        before = {w: w.cpu_times().user for w in self.workers()}
        time.sleep(0.2)
        return [w for w, user_s in before.items() if w.cpu_times().user - user_s > 0.05]


def wait_until(claim: Callable[[], bool], what: str, *, seconds: float = RUN_S) -> None:
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until, f"{what} did not come within {seconds:.0f} s"
        time.sleep(0.05)


def _environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # ended meanwhile, or nobody's to read
        return {}
