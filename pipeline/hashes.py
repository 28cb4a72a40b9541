"""Content hashes of files, remembered by path, size and time of change."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from pipeline.sources import STAGE, shown
from schemas.errors import ClipError, SetupError
from schemas.failure import Failure
from schemas.video import SourceFile

BATCH: Final = 64  # files per transaction: what a kill can cost
THREADS: Final = 2  # hashing is bound by the disk

Progress = Callable[[int, int], None]


class Hashed(NamedTuple):
    """What a file was when its bytes were read."""

    location: str  # absolute
    size_bytes: int
    mtime_ns: int
    sha256: str


class HashCache:
    """A SQLite file (WAL) of hashes; it can be deleted at any time. Threads may share one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS hashes (location TEXT PRIMARY KEY, "
                "size_bytes INTEGER, mtime_ns INTEGER, sha256 TEXT) WITHOUT ROWID"
            )

    def get(self, location: str, size_bytes: int, mtime_ns: int) -> str | None:
        """The hash of a file that still has this size and time of change (ns since 1970)."""
        query = "SELECT sha256 FROM hashes WHERE location = ? AND size_bytes = ? AND mtime_ns = ?"
        with self._lock, self._translated():
            row = self._db.execute(query, (location, size_bytes, mtime_ns)).fetchone()
        return None if row is None else str(row[0])

    def put(self, hashed: Sequence[Hashed]) -> None:
        """Remember all of them in one transaction."""
        with self._lock, self._translated(), self._db:
            self._db.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)", hashed)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as e:
            raise SetupError(
                f"hash cache {self.path}: {e}; free the disk, or delete this file: "
                "it only saves time"
            ) from e


def hash_files(
    files: Sequence[SourceFile],
    cache: HashCache,
    *,
    rehash: bool = False,
    progress: Progress | None = None,
) -> tuple[list[SourceFile], list[Failure]]:
    """The same files in the same order, films and stills with their `video_id`.

    A file that cannot be read keeps `video_id` None and has one Failure. Files of other kinds are
    not opened. `rehash` reads every file again; `progress` hears (done, total) of films and stills.
    """
    at = [i for i, file in enumerate(files) if file.kind != "other"]
    rows, failures = list(files), list[Failure]()
    done = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(at), BATCH):
            batch = at[first : first + BATCH]
            fresh: list[Hashed] = []
            results = pool.map(lambda i: _hash_one(files[i], cache, rehash), batch)
            for i, result in zip(batch, results, strict=True):
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    hashed, known = result
                    update = {"video_id": hashed.sha256, "size_bytes": hashed.size_bytes}
                    rows[i] = files[i].model_copy(update=update)
                    fresh += [] if known else [hashed]
                done += 1
                if progress is not None:
                    progress(done, len(at))
            cache.put(fresh)
    return rows, failures


def _hash_one(file: SourceFile, cache: HashCache, rehash: bool) -> tuple[Hashed, bool] | Failure:
    """The hash, and whether the cache knew it."""
    try:
        info = Path(file.location).stat()
        known = None if rehash else cache.get(file.location, info.st_size, info.st_mtime_ns)
        if known is not None:
            return Hashed(file.location, info.st_size, info.st_mtime_ns, known), True
        return hash_file(file.location), False
    except (OSError, ClipError) as e:
        reason = e.strerror if isinstance(e, OSError) else str(e)
        return Failure(
            subject="file",
            id=file.path,
            stage=STAGE,
            error=type(e).__name__,
            reason=f"{shown(file.path)} cannot be read: {reason}",
            retryable=True,
        )


def _sha256(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # reads in chunks


def hash_file(location: str, *, digest: Callable[[BufferedReader], str] = _sha256) -> Hashed:
    """sha256 of the bytes. ClipError if the file changes while it is read, else OSError."""
    with Path(location).open("rb") as file:
        before = os.fstat(file.fileno())
        sha256 = digest(file)
    if _identity(before) != _identity(Path(location).stat()):
        raise ClipError("it changed while it was read; build again when it is complete")
    return Hashed(location, before.st_size, before.st_mtime_ns, sha256)


def _identity(info: os.stat_result) -> tuple[int, int, int, int]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns
