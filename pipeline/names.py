"""Names that people give to videos in their tables, and which video each name means."""

import csv
import difflib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from pipeline.sources import folded
from pipeline.subtitles import read_text
from schemas.errors import ClipError, SetupError
from schemas.video import SourceFile

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS: Final = (",", ";", "\t")
TABLE_BYTES: Final = 1 << 28

_NO_VALENCE = re.compile(r"-10(\.0*)?")


@dataclass(frozen=True)
class Unmatched:
    """No film or still that could be read is called so."""


@dataclass(frozen=True)
class Ambiguous:
    """Several different videos are called so."""

    candidates: tuple[str, ...]  # their paths, sorted


Places = dict[str, dict[str, str]]  # name -> video_id -> path of the first file with these bytes


class NameIndex:
    """Names of the readable films and stills among `files`; made once, asked often.

    A video may be called by its path in the source, with or without suffix, or by its bare file
    name, with or without suffix. The whole path wins; all other ways are equal, and several files
    of the same bytes are one video. Composed and decomposed letters are the same (Unicode NFC).
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._exact: Places = defaultdict(dict)
        self._loose: Places = defaultdict(dict)
        for file in files:
            if file.video_id is not None:
                path = PurePosixPath(folded(file.path))
                self._exact[str(path)].setdefault(file.video_id, file.path)
                for name in {str(path.with_suffix("")), path.name, path.stem}:
                    self._loose[name].setdefault(file.video_id, file.path)

    def resolve(self, name: str) -> str | Unmatched | Ambiguous:
        """The video_id meant. Blanks around a name and a leading "./" count only if they must."""
        for spelling in (name, name.strip(), name.strip().removeprefix("./")):
            key = folded(spelling)
            found = self._exact.get(key) or self._loose.get(key)
            if found:
                paths = tuple(sorted(found.values()))
                return next(iter(found)) if len(found) == 1 else Ambiguous(paths)
        return Unmatched()


@dataclass(frozen=True)
class NamedRow:
    """A line of a table. `values` has no entry for an empty cell."""

    line: int  # 1-based
    name: str
    values: dict[str, str] = field(default_factory=dict)
    damage: str | None = None  # why this line cannot be read; None: it can


def read_named_rows(
    path: Path, columns: Sequence[str], *, required: int, encoding: str | None = None
) -> list[NamedRow]:
    """Lines of a table whose first column is `name`, delimited by comma, semicolon or tab.

    Its header has the first `required` of `columns`, and no others than `columns`, in any order
    and case. SetupError for another header, broken quotes, or a file that cannot be decoded.
    """
    text = _table_text(path, encoding)
    delimiter, header = _read_header(path.name, text, columns, required)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(_rows(reader, header))
    except csv.Error as e:
        raise SetupError(f'{path.name}, line {reader.line_num}: {e}; write " as ""') from e


def read_merr_list(path: Path, *, encoding: str | None = None) -> list[NamedRow]:
    """Lines `name count label [valence]` of MERR's own lists; -10 stands for no valence.

    SetupError when not one line has three or four columns.
    """
    rows = []
    for line, text in enumerate(_table_text(path, encoding).splitlines(), start=1):
        cells = text.split()
        values = dict(zip(("count", "label", "valence"), cells[1:], strict=False))
        if _NO_VALENCE.fullmatch(values.get("valence", "")):
            del values["valence"]
        damage = None if len(cells) in (3, 4) else f"it has {len(cells)} columns, not 3 or 4"
        rows += [NamedRow(line, cells[0], values, damage)] if cells else []
    if all(row.damage for row in rows):
        raise SetupError(f"{path.name} is no MERR list: a line is `name count label [valence]`")
    return rows


def _table_text(path: Path, encoding: str | None) -> str:
    try:
        return read_text(path, encoding=encoding, limit_bytes=TABLE_BYTES)
    except ClipError as e:
        raise SetupError(str(e)) from e


def _read_header(
    file: str, text: str, columns: Sequence[str], required: int
) -> tuple[str, list[str]]:
    line = next((line for line in text.splitlines() if line.strip()), "")
    splits = {d: [c.strip().strip('"').lower() for c in line.split(d)] for d in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda d: len(set(splits[d]) & set(columns)))
    header = splits[delimiter]
    wanted = f"its header may hold {', '.join(columns)}; needed: {', '.join(columns[:required])}"
    for column in header:
        if column not in columns:
            near = difflib.get_close_matches(column, columns, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SetupError(f"{file}: column {column!r} is not known; {hint}{wanted}")
    if len(set(header)) < len(header) or not set(columns[:required]) <= set(header):
        raise SetupError(f"{file}: found the header {', '.join(header)}; {wanted}")
    return delimiter, header


def _rows(reader: "CsvReader", header: Sequence[str]) -> Iterator[NamedRow]:
    """All lines below the header that hold anything."""
    above, head_seen = 0, False
    for cells in reader:
        line, above = above + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if head_seen:
            yield _row(line, cells, header)
        head_seen = True


def _row(line: int, cells: Sequence[str], header: Sequence[str]) -> NamedRow:
    values = dict(zip(header, cells, strict=False))
    name = values.pop("name", "")
    damage = None
    if len(cells) > len(header):
        damage = f"it has {len(cells)} cells for {len(header)} columns; put texts in double quotes"
    elif not name.strip():
        damage = "it names no video"
    kept = {column: cell.strip() for column, cell in values.items() if cell.strip()}
    return NamedRow(line, name, kept, damage)
