"""Runs the real `merr` in this process and kills it, kill -9, just before it touches a file.

    python killed.py TRAIL WORK RELEASES PLACE NUMBER -- merr's own arguments

Every touch of WORK or RELEASES that Python announces (`sys.addaudithook`: open, rename, mkdir,
remove, a connection to SQLite) is one line of TRAIL. At touch NUMBER (from 0) of PLACE the process
writes that line, marked, and dies: what the line tells of did not happen, what stands above it did.
PLACE "-" kills nowhere: such a run counts.
"""

import json
import os
import re
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
    "batches": "batch",
    "shards": "shard",
}
UNFINISHED: Final = re.compile(r"\.(.+)\.\d+\.tmp")  # what atomic_path names a file on its way


class Trail:
    """An audit hook. It must not raise, and it must not open anything: that would be a touch."""

    def __init__(self, file: int, work: Path, releases: Path, kill_at: tuple[str, int]) -> None:
        self._file = file
        self._work = work.resolve()
        self._releases = releases.resolve()
        self._kill_at = kill_at
        self._seen = Counter[str]()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = _path_of(event, arguments) if event in TOUCHES else None
        place = None if path is None else self._place(path)
        if path is None or place is None:
            return
        number = self._seen[place]
        self._seen[place] += 1
        killed = (place, number) == self._kill_at
        touch = [place, number, event, path.name, killed]
        os.write(self._file, json.dumps(touch).encode() + b"\n")
        if killed:
            os.fsync(self._file)
            os.kill(os.getpid(), signal.SIGKILL)

    def _place(self, path: Path) -> str | None:
        if path.is_relative_to(self._work):
            return _place_of_work(path.relative_to(self._work).parts)
        if path.is_relative_to(self._releases):
            return _place_of_release(path.relative_to(self._releases).parts)
        return None


def _place_of_work(names: tuple[str, ...]) -> str | None:
    """The stage of a part, or what another file is. None for the folder itself."""
    if not names:
        return None
    if names[0] == "parts":
        return names[1] if len(names) > 1 else "parts"
    name = _finished(names[0])
    return FILES.get(name, name)


def _place_of_release(names: tuple[str, ...]) -> str:
    """name/.version.pid.tmp/table/file: the table or file; what is above them is "release"."""
    return f"publish {_finished(names[2]) if len(names) > 2 else 'release'}"


def _finished(name: str) -> str:
    """The name that a file has, or will have when it is finished."""
    unfinished = UNFINISHED.fullmatch(name)
    return unfinished[1] if unfinished else name


def _path_of(event: str, arguments: tuple[Any, ...]) -> Path | None:
    """Absolute, or None for what is not a path (an open file's number)."""
    if not isinstance(arguments[0], str | bytes | os.PathLike):
        return None
    path = Path(os.fsdecode(arguments[0]))
    folder = arguments[1] if event in ("os.remove", "os.rmdir") else -1
    if isinstance(folder, int) and folder >= 0:  # rmtree names files within an open folder
        return Path(f"/proc/self/fd/{folder}").readlink() / path
    return path.absolute()


def main() -> None:
    trail, work, releases, place, number = sys.argv[1:6]
    sys.argv = ["merr", *sys.argv[7:]]
    from flows.cli import main as merr

    file = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.addaudithook(Trail(file, Path(work), Path(releases), (place, int(number))))
    merr()


if __name__ == "__main__":
    main()
