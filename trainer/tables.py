"""Tables of others: lines by column name, with errors that say file, line and column."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import SetupError

_KINDS: Final = (".csv", ".jsonl", ".parquet")
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True)
class Line:
    """`values` has no entry for an empty cell: nothing is never a value."""

    number: int  # 1-based, of the file; of Parquet the row
    values: Mapping[str, Any]


def read_lines(
    path: Path, *, needed: Sequence[str], renamed: Mapping[str, str] | None = None
) -> list[Line]:
    """All lines that hold anything. `needed` columns must be there; `renamed` maps other names
    that a file may give a column. SetupError for anything that is no such table."""
    _check_file(path)
    reader = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[path.suffix.lower()]
    columns, lines = reader(path)
    names = {column: (renamed or {}).get(column, column) for column in columns}
    missing = [column for column in needed if column not in names.values()]
    if missing:
        raise SetupError(
            f"{path}: column {missing[0]!r} is missing; it has {', '.join(columns) or 'none'}, "
            f"needed: {', '.join(needed)}"
        )
    return [
        Line(line.number, {names.get(k, k): v for k, v in line.values.items()}) for line in lines
    ]


def _check_file(path: Path) -> None:
    if path.suffix.lower() not in _KINDS:
        raise SetupError(f"{path}: tables are read from {', '.join(_KINDS)}")
    if not path.is_file():
        raise SetupError(f"{path}: there is no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise SetupError(f"{path}: is larger than {_MOST_BYTES >> 30} GiB; give a smaller table")


def _csv(path: Path) -> tuple[list[str], list[Line]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            _check_header(path, header)
            return header, list(_cells(path, reader, header))
    except UnicodeDecodeError as e:
        raise SetupError(f"{path}: is no UTF-8 ({e.reason}); save it as UTF-8") from e
    except csv.Error as e:
        raise SetupError(f'{path}: {e}; put texts in double quotes and write " as ""') from e


def _check_header(path: Path, header: Sequence[str]) -> None:
    twice = [name for name in header if name and header.count(name) > 1]
    if not header or twice:
        found = f"column {twice[0]!r} stands there twice" if twice else "it is empty"
        raise SetupError(f"{path}: {found}; the first line names the columns, each once")


def _cells(path: Path, reader: Any, header: Sequence[str]) -> Iterator[Line]:
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise SetupError(
                f"{path}, line {reader.line_num}: {len(cells)} cells for {len(header)} columns; "
                "put texts in double quotes"
            )
        values = dict(zip(header, cells, strict=False))
        yield Line(reader.line_num, {k: v for k, v in values.items() if k and v.strip()})


def _jsonl(path: Path) -> tuple[list[str], list[Line]]:
    columns: dict[str, None] = {}
    lines = []
    try:
        texts = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as e:
        raise SetupError(f"{path}: is no UTF-8 ({e.reason}); save it as UTF-8") from e
    for number, text in enumerate(texts, start=1):
        if text.strip():
            found = _object(path, number, text)
            columns |= dict.fromkeys(found)
            lines.append(Line(number, _kept(found)))
    return list(columns), lines


def _object(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise SetupError(f"{path}, line {number}: is no JSON: {e}") from e
    if not isinstance(found, dict):
        raise SetupError(f"{path}, line {number}: is {type(found).__name__}, not an object")
    return found


def _parquet(path: Path) -> tuple[list[str], list[Line]]:
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as e:
        raise SetupError(f"{path}: is no Parquet file: {str(e).splitlines()[0]}") from e
    rows = table.to_pylist()
    lines = [Line(number, _kept(row)) for number, row in enumerate(rows, start=1)]
    return list(table.column_names), lines


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None and value != ""}
