"""A work folder that was given, or one that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.layout import WorkFolder


@contextmanager
def work_folder(given: Path | None) -> Iterator[WorkFolder]:
    if given is not None:
        yield WorkFolder(given)
        return
    with tempfile.TemporaryDirectory(prefix="merr-", ignore_cleanup_errors=True) as folder:
        yield WorkFolder(Path(folder) / "work")
