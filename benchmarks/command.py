"""Runs `merr` as a user does, and tells the CPU and wall seconds of all its processes."""

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    cpu_s: float
    wall_s: float
    code: int
    said: str


def merr(*arguments: str) -> Ran:
    """RuntimeError where the command could not do its work (2: usage or set-up)."""
    command = [str(Path(sys.executable).with_name("merr")), *arguments]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wall_s, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(cpu_s, wall_s, done.returncode, done.stdout)
