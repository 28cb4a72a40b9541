"""A release as the trainer reads it: the manifest, and the Parquet shards of one table."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import SCHEMA_VERSION
from schemas.errors import SetupError
from schemas.release import Manifest, ReleaseFile

MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Release:
    folder: Path
    manifest: Manifest

    @property
    def title(self) -> str:
        return f"{self.manifest.name} {self.manifest.version}"

    def files(self, table: str) -> tuple[ReleaseFile, ...]:
        """Parquet shards of a table in the order of their names; empty where there is none."""
        found = (f for f in self.manifest.files if f.path.startswith(f"{table}/"))
        return tuple(sorted((f for f in found if f.rows is not None), key=lambda f: f.path))


def open_release(folder: Path) -> Release:
    """SetupError where the folder holds no manifest, or one of another major schema version."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise SetupError(
            f"{folder}: is not a release: it holds no {MANIFEST}; give the folder that "
            "`merr publish` wrote (NAME/X.Y.Z)"
        ) from None
    except ValueError as e:
        raise SetupError(f"{path}: is damaged: {str(e).splitlines()[0]}") from e
    if manifest.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise SetupError(
            f"{path}: schema version {manifest.schema_version}, this merr reads "
            f"{SCHEMA_VERSION.split('.')[0]}.x; open it with the merr that wrote it"
        )
    return Release(folder, manifest)


def split_of_file(file: ReleaseFile) -> str:
    """ "train" of "instructions/train-00000-of-00001.parquet"."""
    return file.path.split("/")[1].split("-")[0]


def read_shards(
    release: Release, table: str, columns: tuple[str, ...]
) -> Iterator[tuple[str, pa.Table]]:
    """(split, columns) of every shard. SetupError where a shard is not the manifest's bytes."""
    for file in release.files(table):
        path = release.folder / file.path
        _check_bytes(path, file.sha256)
        yield split_of_file(file), pq.ParquetFile(path).read(columns=list(columns))


def _check_bytes(path: Path, expected: str) -> None:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError as e:
        raise SetupError(f"{path}: cannot be read ({e}); `merr verify` tells what else") from e
    if found.hexdigest() != expected:
        raise SetupError(
            f"{path}: sha256 {found.hexdigest()[:12]}, the manifest says {expected[:12]}; the file "
            "was changed or is cut: fetch the release again"
        )
