"""Files found by a build, in order. Their rows are made when first asked for: `status` counts
100,000 files by a few of their columns."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self, overload

import pyarrow as pa

from schemas.parquet import read_table, rows_of, write_rows
from schemas.video import SourceFile


class FoundFiles(Sequence[SourceFile]):
    """A tuple of rows, or a table of which such a tuple can be made."""

    def __init__(self, files: Iterable[SourceFile] = (), *, table: pa.Table | None = None) -> None:
        self._table = table
        if table is None:
            self._files = tuple(files)

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(table=read_table(path))

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        write_rows(path, self._files, SourceFile, metadata)

    @cached_property
    def _files(self) -> tuple[SourceFile, ...]:
        return tuple(rows_of(self._table, SourceFile))

    def column(self, name: str) -> list[Any]:
        if self._table is None:
            return [getattr(file, name) for file in self._files]
        values: list[Any] = self._table.column(name).to_pylist()
        return values

    @overload
    def __getitem__(self, index: int) -> SourceFile: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SourceFile]: ...
    def __getitem__(self, index: int | slice) -> SourceFile | Sequence[SourceFile]:
        return self._files[index]

    def __iter__(self) -> Iterator[SourceFile]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files) if self._table is None else int(self._table.num_rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FoundFiles) and self._files == other._files

    def __hash__(self) -> int:
        return hash(self._files)
