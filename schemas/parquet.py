"""Typed rows to and from one Parquet file. A file that exists is complete."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from schemas.arrow import SCHEMA_VERSION, arrow_schema
from schemas.disk import fsync
from schemas.errors import SetupError
from schemas.units import Row

R = TypeVar("R", bound=Row)

# Columns worth a dictionary; on texts, media and lists it only slows reading.
KEY_COLUMNS: Final = (
    "label", "pseu_emotion", "task", "tier", "split", "stage", "rule", "subject", "slot", "encoder",
    "weights",
)  # fmt: skip
_OPTIMIZED: Final = {"write_page_index": True, "use_content_defined_chunking": True}
ROWS_PER_GROUP: Final = 100  # one random row costs a whole group
FLAT_ROWS_PER_GROUP: Final = 10_000  # in hundreds, 100,000 small rows take three times as long


def table_of(rows: Sequence[R], row: type[R]) -> pa.Table:
    return pa.Table.from_pylist([r.model_dump() for r in rows], arrow_schema(row))


def write_rows(
    path: Path, rows: Sequence[R], row: type[R], metadata: Mapping[str, str] | None = None
) -> None:
    """Write rows and metadata beside `path`, fsync, then rename: the file is whole or not there."""
    _write(path, table_of(rows, row), metadata, {})


def write_table(path: Path, table: pa.Table, metadata: Mapping[str, str] | None = None) -> None:
    """An "optimized" Parquet file as the Hugging Face hub means it, deterministic to the byte."""
    _write(path, table, metadata, _OPTIMIZED)


def _write(
    path: Path, table: pa.Table, metadata: Mapping[str, str] | None, options: Mapping[str, bool]
) -> None:
    merged = {**(table.schema.metadata or {}), **(metadata or {})}
    table = table.replace_schema_metadata(merged)
    keys = [name for name in KEY_COLUMNS if name in table.schema.names]
    with atomic_path(path) as unfinished:
        pq.write_table(
            table,
            unfinished,
            compression="zstd",
            use_dictionary=keys or False,
            row_group_size=_rows_per_group(table.schema),
            **options,
        )


def _rows_per_group(schema: pa.Schema) -> int:
    large = any(pa.types.is_nested(c.type) or pa.types.is_binary(c.type) for c in schema)
    return ROWS_PER_GROUP if large else FLAT_ROWS_PER_GROUP


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed on success after fsync, removed on error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield unfinished
        fsync(unfinished)
        unfinished.replace(path)
        fsync(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def read_rows(path: Path, row: type[R]) -> list[R]:
    """Rows of a file of this or an older minor schema version; SetupError for another major, and
    for a file that is damaged."""
    return rows_of(read_table(path), row)


def read_table(path: Path) -> pa.Table:
    """The same before it becomes rows."""
    with _damage_told(path):
        table = pq.ParquetFile(path).read(use_threads=False)  # parts are small: a third faster
    _refuse_other_major(path, table.schema)
    return table


def rows_of(table: pa.Table, row: type[R]) -> list[R]:
    return _list_of(row).validate_python(table.to_pylist())


@cache
def _list_of(row: type[R]) -> TypeAdapter[list[R]]:
    return TypeAdapter(list[row])  # type: ignore[valid-type]  # 100,000 in one call: a third faster


def read_column(path: Path, name: str) -> list[Any]:
    """One column of a file. SetupError for a damaged file."""
    with _damage_told(path):
        values: list[Any] = pq.ParquetFile(path).read(columns=[name]).column(name).to_pylist()
    return values


def read_metadata(path: Path) -> dict[str, str]:
    """Of the file's schema. SetupError for a damaged file."""
    with _damage_told(path):
        schema = pq.read_schema(path)
    return metadata_of(schema)


def metadata_of(schema: pa.Schema) -> dict[str, str]:
    """What was written beside the rows."""
    told = (schema.metadata or {}).items()
    return {key.decode(): value.decode() for key, value in told if key != b"ARROW:schema"}


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as e:
        why = str(e).splitlines()[0]
        raise SetupError(f"{path}: is damaged ({why}); remove it and make it again") from e


def _refuse_other_major(path: Path, schema: pa.Schema) -> None:
    version = (schema.metadata or {}).get(b"schema_version", b"").decode()
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise SetupError(
            f"{path.name}: schema version {version or 'missing'}, this merr reads "
            f"{SCHEMA_VERSION.split('.')[0]}.x; open it with the merr that wrote it"
        )
