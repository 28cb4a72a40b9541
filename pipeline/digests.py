"""Digests of the files of a release."""

import hashlib
from pathlib import Path

from pipeline.keys import digest
from schemas.release import Manifest


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def release_digest(manifest: Manifest) -> str:
    """sha256 over everything the manifest says, the sha256 of every file among it, but the digest
    itself."""
    return digest(manifest.model_dump(mode="json", exclude={"digest"}))
