"""Digests of the files of a release."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from schemas.release import ReleaseFile


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def release_digest(files: Iterable[ReleaseFile]) -> str:
    """sha256 over path and sha256 of every file, in path order."""
    lines = sorted(f"{file.path} {file.sha256}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
