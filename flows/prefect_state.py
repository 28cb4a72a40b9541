"""The database of Prefect's server before its first run, kept beside the Python.

To make it Prefect goes through all migrations of its history, three times as long as everything
else that a build starts with. It is made once for each version of Prefect and copied for every new
work folder after that. Derived: it can be deleted at any time and grows back.
"""

import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from schemas.parquet import atomic_path

_DRIVER: Final = "sqlite+aiosqlite:///"


def own_database() -> Path | None:
    """Where the server will keep its state; None where the user chose the place himself and it is
    no file."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    url = str(PREFECT_API_DATABASE_CONNECTION_URL.value())
    return Path(url.removeprefix(_DRIVER)) if url.startswith(f"{_DRIVER}/") else None


def lend_database(path: Path, folder: Path | None = None) -> None:
    """Give a server that has no state yet the one that is kept. Where that cannot be written, the
    server will say why it cannot write its own."""
    kept = _kept(folder)
    if not path.exists() and kept.exists() and _is_whole(kept):
        with suppress(OSError), atomic_path(path) as unfinished:
            shutil.copyfile(kept, unfinished)


def keep_database(path: Path, folder: Path | None = None) -> None:
    """Keep the state of a server that has just started, for the next ones. Where that cannot be
    written, every first build takes longer."""
    kept = _kept(folder)
    if not kept.exists():
        with suppress(OSError, sqlite3.OperationalError), atomic_path(kept) as unfinished:
            _copy(path, unfinished)


def _is_whole(kept: Path) -> bool:
    """A damaged one is removed; with it no server would start."""
    try:
        with closing(sqlite3.connect(kept)) as db:
            whole: bool = db.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        whole = False
    if not whole:
        with suppress(OSError):  # of somebody else: it is left, and not lent
            kept.unlink(missing_ok=True)
    return whole


def _copy(path: Path, to: Path) -> None:
    """While the server has it open."""
    with closing(sqlite3.connect(path, timeout=30)) as db:
        db.execute("VACUUM INTO ?", (str(to),))


def _kept(folder: Path | None) -> Path:
    """In the environment that runs merr, where no other folder is named."""
    folder = folder or Path(sys.prefix) / "share" / "merr"
    return folder / f"prefect-{version('prefect')}.db"
