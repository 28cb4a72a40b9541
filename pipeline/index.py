"""The counts of every part, kept so that `status` need not open 20,000 files. Derived: it can be
deleted at any time and grows back."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from pipeline.parts import Counts, read_counts


class CountIndex:
    """Counts by part, believed only while size and time of the file are what they were."""

    def __init__(self, path: Path, known: dict[str, tuple[int, int, str]]) -> None:
        self._path = path
        self._parts = str(path.with_name("parts"))
        self._known = known
        self._new: dict[str, tuple[int, int, str]] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        if not path.exists():
            return cls(path, {})
        try:
            return cls(path, _read(path))
        except sqlite3.OperationalError:  # another reader holds it: do without
            return cls(path, {})
        except sqlite3.DatabaseError:  # damaged: what it held is read from the parts again
            path.unlink()
            return cls(path, {})

    def counts(self, name: str) -> Counts | None:
        """Counts of a part by its `part_name`, or None when there is no such file."""
        part = f"{self._parts}/{name}"
        try:
            stat = os.stat(part)  # noqa: PTH116  20,000 times
        except FileNotFoundError:
            return None
        known = self._known.get(name)
        if known and known[:2] == (stat.st_mtime_ns, stat.st_size):
            return Counts.from_json(known[2])
        counts = read_counts(Path(part))
        self._known[name] = self._new[name] = (
            stat.st_mtime_ns,
            stat.st_size,
            counts.to_json(),
        )
        return counts

    def save(self) -> None:
        """Write down what was learnt. Safe beside another reader. It only saves time: where the
        disk is full, who asks for the books gets them all the same."""
        if self._new:
            with suppress(sqlite3.OperationalError):
                self._write()

    def _write(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS parts"
                " (part TEXT PRIMARY KEY, mtime_ns INTEGER, size INTEGER, counts TEXT)"
            )
            db.executemany(
                "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)",
                [(part, *fields) for part, fields in sorted(self._new.items())],
            )
        self._new.clear()


def _read(path: Path) -> dict[str, tuple[int, int, str]]:
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT name FROM sqlite_master WHERE name='parts'").fetchone()
        rows = db.execute("SELECT part, mtime_ns, size, counts FROM parts") if found else []
        return {part: (mtime, size, text) for part, mtime, size, text in rows}
