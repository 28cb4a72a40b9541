"""Folders that are whole or not there: written beside, synced, marked, renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.disk import fsync

COMPLETE: Final = "complete"  # the last file that is written into such a folder


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` to write in; on success it is synced, marked and renamed to `path`.

    Where `path` is there already (another process was quicker) that one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        _seal(unfinished)
        if not is_complete(path):
            shutil.rmtree(path, ignore_errors=True)  # a part of one, from before a crash
            unfinished.rename(path)
            fsync(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def is_complete(path: Path) -> bool:
    return (path / COMPLETE).is_file()


def clear_unfinished(parent: Path) -> None:
    """Takes away what killed processes left. Only where no other process writes."""
    for left in parent.glob(".*.tmp"):
        shutil.rmtree(left, ignore_errors=True)


def _seal(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        fsync(path)
    (folder / COMPLETE).write_bytes(b"")
    fsync(folder / COMPLETE)
    fsync(folder)
