"""One command at a time on a work folder: its lock, its log, its configuration, its chain."""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from filelock import FileLock, Timeout

from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.index import CountIndex
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from pipeline.status import Books, keep_books, problems
from schemas.errors import SetupError
from schemas.failure import Failure
from schemas.parquet import atomic_path


@dataclass(frozen=True)
class LastRun:
    """What a build was asked; `status`, `show` and `publish` speak of the same."""

    sources: tuple[str, ...]
    settings: Settings


def save_run(work: WorkFolder, run: LastRun) -> None:
    text = {"sources": run.sources, "settings": run.settings.model_dump(mode="json")}
    with atomic_path(work.run) as path:
        path.write_text(json.dumps(text, indent=2), "utf-8")


def load_run(work: WorkFolder) -> LastRun:
    if not work.run.exists():
        raise SetupError(
            f"{work.root} is no work folder of merr; `merr build SOURCE --work {work.root}` "
            "makes one"
        )
    try:
        found = json.loads(work.run.read_text("utf-8"))
        return LastRun(tuple(found["sources"]), Settings.model_validate(found["settings"]))
    except (ValueError, KeyError, TypeError) as e:
        raise SetupError(
            f"{work.run}: is damaged or of another merr; build once more with the same sources "
            f"to write it anew ({str(e).splitlines()[0]})"
        ) from e


@contextmanager
def locked(work: WorkFolder) -> Iterator[None]:
    """Only one build, publish or accept at a time; the lock dies with its process."""
    work.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SetupError(
            f"{work.root}: another merr works here; wait for it, or take another --work"
        ) from None
    try:
        _sweep(work)
        yield
    finally:
        lock.release()


def _sweep(work: WorkFolder) -> None:
    """Remove what killed runs were writing. Only for who holds the lock."""
    for folder in (work.root, work.batches, work.shards, work.imports, *work.root.glob("parts/*")):
        for left in folder.glob(".*.tmp"):
            left.unlink()
    if work.scratch.exists():
        shutil.rmtree(work.scratch, ignore_errors=True)


class _LogFile(logging.FileHandler):
    """Where the disk is full its lines are lost; the command itself says what stopped it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Nothing on the terminal: the log is no part of what a command answers."""


@contextmanager
def open_log(work: WorkFolder) -> Iterator[logging.Logger]:
    """Lines with time and process, in the work folder; workers write there too."""
    logger = logging.getLogger("merr")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _LogFile(work.log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        with suppress(OSError):
            handler.close()


def open_chain(work: WorkFolder) -> Chain:
    """The chain of the last build."""
    return Chain(work, load_run(work).settings, Catalog.load(work.catalog))


def books_of(chain: Chain) -> Books:
    index = CountIndex.open(chain.work.index)
    books = keep_books(chain, index)
    if os.access(chain.work.root, os.W_OK):
        index.save()
    return books


def accepted(work: WorkFolder) -> set[str]:
    """Ids of failures that somebody has seen."""
    if not work.accepted.exists():
        return set()
    try:
        return set(json.loads(work.accepted.read_text("utf-8")))
    except ValueError as e:
        raise SetupError(f"{work.accepted}: is damaged ({e}); remove it, and accept again") from e


def unseen_problems(chain: Chain) -> list[Failure]:
    """Failures that stand and that nobody accepted."""
    seen = accepted(chain.work)
    index = CountIndex.open(chain.work.index)
    return [failure for failure in problems(chain, index) if failure.id not in seen]


def accept(work: WorkFolder, ids: set[str]) -> None:
    with atomic_path(work.accepted) as path:
        path.write_text(json.dumps(sorted(accepted(work) | ids), indent=1), "utf-8")
