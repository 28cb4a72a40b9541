"""The folder of an export, whole or not there, and the rows of the release that it is of."""

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
from schemas.errors import SetupError
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse, ReleasedFine
from schemas.release import Manifest
from schemas.units import Row

EXPORT: Final = "export.json"
VERSION: Final = "1"
R = TypeVar("R", bound=Row)
Span = tuple[int | None, int | None]  # start and end in the video, us


@dataclass(frozen=True)
class ReleaseRows:
    """The samples of a release, in the order of their clip_id."""

    coarse: list[tuple[str, ReleasedCoarse]]  # with the split
    fine: dict[str, ReleasedFine]  # by clip_id
    spans: dict[str, Span]  # by clip_id

    @classmethod
    def read(cls, folder: Path) -> "ReleaseRows":
        coarse = sorted(read_split(folder, "coarse", ReleasedCoarse), key=lambda r: r[1].clip_id)
        fine = {row.clip_id: row for _, row in read_split(folder, "fine", ReleasedFine)}
        return cls(coarse, fine, dict(_spans(folder)))

    def span(self, clip_id: str) -> Span:
        return self.spans.get(clip_id, (None, None))

    @cached_property
    def names(self) -> dict[str, str]:
        """clip_id -> the name of the clip in files of others."""
        return export_names(
            Named(row.clip_id, row.name, row.identity == "declared", *self.span(row.clip_id))
            for _, row in self.coarse
        )


def read_split(folder: Path, table: str, row: type[R]) -> Iterator[tuple[str, R]]:
    """(split, row) of a table."""
    for path in sorted((folder / table).glob("*.parquet")):
        yield from ((path.name.split("-")[0], r) for r in read_rows(path, row))


def _spans(folder: Path) -> Iterator[tuple[str, Span]]:
    columns = ["clip_id", "start_us", "end_us"]
    for path in sorted((folder / "evidence").glob("*.parquet")):
        for row in pq.ParquetFile(path).read(columns=columns).to_pylist():
            yield row["clip_id"], (row["start_us"], row["end_us"])


def write_export(
    manifest: Manifest, form: str, to: Path, write: Callable[[Path], Mapping[str, Any]]
) -> tuple[Mapping[str, Any], bool]:
    """What `write` tells of the files it put into the folder, and whether it was asked to: the
    same export once more does nothing. SetupError where the folder holds anything else."""
    told = {"format": form, "version": VERSION, "digest": manifest.digest}
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
