"""Runs the real `merr` in this process and kills it, kill -9, just before it touches a file.

    python killed.py TRAIL WORK RELEASES PLACE NUMBER -- merr's own arguments

Every touch of WORK or RELEASES that Python announces (`sys.addaudithook`: open, rename, mkdir,
remove, a connection to SQLite) is one line of TRAIL. At touch NUMBER (from 0) of PLACE the process
writes that line, marked, and dies: what the line tells of did not happen, what stands above it did.
PLACE "-" kills nowhere: such a run counts.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

TOUCHES: Final = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "sqlite3.connect"}
FILES: Final = {  # in a work folder
    "run.json": "run",
    "catalog.parquet": "catalog",
    "hashes.sqlite": "hashes",
    "books.sqlite": "index",
    "merr.lock": "lock",
    "merr.log": "log",
    "batches": "batch",
    "shards": "shard",
}


class Trail:
    """An audit hook. It must not raise, and it must not open anything: that would be a touch."""

    def __init__(self, file: int, work: Path, releases: Path, kill_at: tuple[str, int]) -> None:
        self._file = file
        self._work = os.path.realpath(work)
        self._releases = os.path.realpath(releases)
        self._kill_at = kill_at
        self._seen = Counter[str]()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in TOUCHES:
            return
        path = _path_of(event, arguments)
        place = None if path is None else self._place(path)
        if place is None:
            return
        number = self._seen[place]
        self._seen[place] += 1
        killed = (place, number) == self._kill_at
        touch = [place, number, event, os.path.basename(path or ""), killed]
        os.write(self._file, json.dumps(touch).encode() + b"\n")
        if killed:
            os.fsync(self._file)
            os.kill(os.getpid(), signal.SIGKILL)

    def _place(self, path: str) -> str | None:
        if path.startswith(self._work + "/"):
            return _place_of_work(path[len(self._work) + 1 :].split("/"))
        if path.startswith(self._releases + "/"):
            return _place_of_release(path[len(self._releases) + 1 :].split("/"))
        return None


def _place_of_work(names: list[str]) -> str:
    """The stage a file belongs to, or what it is; one that is being written has its own name in
    its dotted one."""
    if names[0] == "parts":
        return names[1] if len(names) > 1 else "parts"
    for name, place in FILES.items():
        if names[0] in (name, f"{name}-journal") or names[0].startswith(f".{name}."):
            return place
    return names[0]


def _place_of_release(names: list[str]) -> str:
    """name/.version.pid.tmp/table/file: the table; the folders above it are "release"."""
    inside = names[2] if len(names) > 2 else "release"
    return f"publish {inside}"


def _path_of(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Absolute, or None for what is not a path (an open file's number)."""
    if not isinstance(arguments[0], str | bytes | os.PathLike):
        return None
    path = os.fsdecode(arguments[0])
    folder = arguments[1] if event in ("os.remove", "os.rmdir") else -1
    if isinstance(folder, int) and folder >= 0:  # rmtree names files within an open folder
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
    return os.path.abspath(path)


def main() -> None:
    trail, work, releases, place, number = sys.argv[1:6]
    sys.argv = ["merr", *sys.argv[7:]]
    from flows.cli import main as merr

    file = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.addaudithook(Trail(file, Path(work), Path(releases), (place, int(number))))
    merr()


if __name__ == "__main__":
    main()
