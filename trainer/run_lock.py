"""One run at a time in a folder: workers may outlive a launcher that was killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from schemas.errors import SetupError

LOCK: Final = ".lock"


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Held by process 0. The kernel lets go of it when that process dies, however it does."""
    run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run / LOCK, timeout=0):
            yield
    except Timeout as e:
        raise SetupError(
            f"--out {run}: another process trains in this folder; let it end, or end it (after a "
            "launcher was killed its workers may live on), or give another folder"
        ) from e
