"""The disk: what must be on it before anybody is told that it is."""

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """A file's bytes, or a folder's names. OSError where the disk does not take them."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
