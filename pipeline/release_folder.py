"""The folder of a release: made beside its place, shown by one rename, whole or not there."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from schemas.disk import fsync
from schemas.errors import SetupError
from schemas.release import Manifest

MANIFEST: Final = "manifest.json"


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        versions = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
        hint = f"; give one of its versions, e.g. {versions[-1]}" if versions else ""
        raise SetupError(f"{folder}: is not a release: it holds no {MANIFEST}{hint}") from None
    except ValueError as e:
        raise SetupError(f"{path}: is damaged: {str(e).splitlines()[0]}") from e


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One publish of a name at a time, also out of several work folders."""
    handle = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SetupError(f"{folder.parent}: another merr publishes here; wait for it") from None
    finally:
        os.close(handle)


def tidy(folder: Path) -> None:
    """What a publish that was killed left: the release it was about to replace comes back, the
    rest goes. Two at once are kept apart by the lock."""
    if _aside(folder).exists() and not folder.exists():
        _aside(folder).rename(folder)
    for left in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(left)


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the release to write in; gone when the release is there or failed."""
    scratch = folder.parent / f".{folder.name}.{os.getpid()}.tmp"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def show(scratch: Path, folder: Path) -> None:
    """One rename makes the release visible; a replaced one is moved aside first."""
    for path in (*sorted(scratch.rglob("*")), scratch):
        fsync(path)
    if folder.exists():
        folder.rename(_aside(folder))
        scratch.rename(folder)
        shutil.rmtree(_aside(folder))
    else:
        scratch.rename(folder)
    fsync(folder.parent)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced.tmp")
