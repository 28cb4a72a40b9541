"""The folder of an export: whole or not there, made once, and the rows of the release it is of."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow.parquet as pq

from pipeline.export_names import Named, export_names
from pipeline.release import read_manifest
from schemas.errors import SetupError
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse, ReleasedFine
from schemas.release import Manifest
from schemas.units import Row

EXPORT: Final = "export.json"
VERSION: Final = "1"
R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class ReleaseRows:
    """Rows of a release, read when they are asked for, in the order of their clip_id."""

    folder: Path

    @cached_property
    def manifest(self) -> Manifest:
        return read_manifest(self.folder)

    def of(self, table: str, row: type[R]) -> list[tuple[str, R]]:
        """(split, row)."""
        paths = sorted((self.folder / table).glob("*.parquet"))
        return [(path.name.split("-")[0], r) for path in paths for r in read_rows(path, row)]

    @cached_property
    def coarse(self) -> list[tuple[str, ReleasedCoarse]]:
        return sorted(self.of("coarse", ReleasedCoarse), key=lambda item: item[1].clip_id)

    @cached_property
    def fine(self) -> dict[str, ReleasedFine]:
        return {row.clip_id: row for _, row in self.of("fine", ReleasedFine)}

    @cached_property
    def named(self) -> list[Named]:
        spans = dict(self._spans())
        return [
            Named(r.clip_id, r.name, r.identity == "declared", *spans.get(r.clip_id, (None, None)))
            for _, r in self.coarse
        ]

    @cached_property
    def names(self) -> dict[str, str]:
        return export_names(self.named)

    def _spans(self) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
        columns = ["clip_id", "start_us", "end_us"]
        for path in sorted((self.folder / "evidence").glob("*.parquet")):
            for row in pq.ParquetFile(path).read(columns=columns).to_pylist():
                yield row["clip_id"], (row["start_us"], row["end_us"])


def write_export(
    rows: ReleaseRows, form: str, to: Path, write: Callable[[Path], Mapping[str, Any]]
) -> tuple[Mapping[str, Any], bool]:
    """What `write` tells of the files it put into the folder, and whether it was asked to: the
    same export once more does nothing. SetupError where the folder holds anything else."""
    told = {"format": form, "version": VERSION, "digest": rows.manifest.digest}
    before = _before(to)
    if before is not None and before.items() >= told.items():
        return before, False
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise SetupError(f"--to {to}: holds something else; give a new or empty folder")
    scratch = to.absolute().with_name(f".{to.absolute().name}.{os.getpid()}.tmp")
    scratch.mkdir(parents=True)
    try:
        told = {**told, **write(scratch)}
        (scratch / EXPORT).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
        if to.exists():
            to.rmdir()
        scratch.rename(to)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return told, True


def _before(to: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((to / EXPORT).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if isinstance(found, dict) else None
