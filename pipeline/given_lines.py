"""Lines of the tables beside the videos, each with the video it is for."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pipeline.given import GivenSettings
from pipeline.names import (
    Ambiguous,
    NamedRow,
    NameIndex,
    Unmatched,
    read_merr_list,
    read_named_rows,
)
from pipeline.sources import Place, shown
from schemas.errors import SetupError
from schemas.failure import Rejection
from schemas.video import SourceFile

Kind = Literal["labels", "transcripts", "spans"]

# The columns of a table, how many of them it must have, and the stage that its lines serve.
TABLES: Final[dict[Kind, tuple[tuple[str, ...], int, str]]] = {
    "labels": (("name", "label", "valence", "start", "end"), 2, "label"),
    "transcripts": (("name", "sentence", "language"), 2, "speech"),
    "spans": (("name", "start", "end"), 3, "cut"),
}


@dataclass(frozen=True)
class Table:
    kind: Kind
    path: Path
    name: str  # as problems and labels call it
    place: Place | None  # None: it was given by a setting
    whole: bool  # False: names of files that were left out on purpose are to be expected


@dataclass(frozen=True)
class Line:
    table: Table
    row: NamedRow
    video_id: str

    @property
    def at(self) -> str:
        return f"{self.table.name}:{self.row.line}"

    def number(self, column: str) -> float | None:
        """A finite number, None for an empty cell, else ValueError."""
        text = self.row.values.get(column)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"{column} is {text!r}; write a number with a point, like 1.5")
        return value

    def span(self) -> tuple[float, float] | None:
        """Start and end in seconds, None when both cells are empty, else ValueError."""
        start_s, end_s = self.number("start"), self.number("end")
        if start_s is None and end_s is None:
            return None
        if start_s is None or end_s is None or not 0 <= start_s < end_s:
            given = f"{self.row.values.get('start')} to {self.row.values.get('end')}"
            raise ValueError(f"its span is {given}; both are needed, with 0 <= start < end")
        return start_s, end_s


@dataclass
class Lines:
    """The lines of all tables of a build, and the `rejections` of those that nobody can use."""

    files: Sequence[SourceFile]  # hashed
    settings: GivenSettings
    places: Sequence[Place]
    rejections: list[Rejection] = field(default_factory=list)
    _indexes: dict[str, NameIndex] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Line]:
        """Lines that name one video, in the order they were written."""
        return [line for table in self._tables(kind) for line in self._read(table)]

    def reject(self, line: Line, rule: str, reason: str) -> None:
        self._reject(line.table, line.row, rule, reason)

    def _reject(self, table: Table, row: NamedRow | None, rule: str, reason: str) -> None:
        where = "" if row is None else f":{row.line} {shown(row.name.strip())}".rstrip()
        self.rejections.append(
            Rejection(
                subject="label",
                id=f"{table.name}{where}",
                stage=TABLES[table.kind][2],
                rule=rule,
                reason=reason,
            )
        )

    def _tables(self, kind: Kind) -> list[Table]:
        path: Path | None = getattr(self.settings, kind)
        if path is not None:
            if not path.is_file():
                raise SetupError(f"{kind}: there is no file {path}; mend the path in the settings")
            whole = all(place.whole for place in self.places)
            return [Table(kind, path, shown(path.name), None, whole)]
        found = [(p, place) for place in _folders(self.places) for p in _beside(kind, place)]
        return [
            Table(kind, path, _called(path, len(found) > 1), place, place.whole)
            for path, place in found
        ]

    def _read(self, table: Table) -> Iterator[Line]:
        unnamed: list[NamedRow] = []
        for row in _rows(table, self.settings.encoding):
            found = Unmatched() if row.damage else self._resolve(row.name, table.place)
            if row.damage:
                self._reject(table, row, "bad_row", f"{row.damage}")
            elif isinstance(found, Ambiguous):
                self._reject(table, row, "ambiguous_name", _several(row.name, found.candidates))
            elif isinstance(found, Unmatched):
                unnamed.append(row)
            else:
                yield Line(table, row, found)
        self._reject_unnamed(table, unnamed)

    def _resolve(self, name: str, place: Place | None) -> str | Unmatched | Ambiguous:
        """A table beside a source speaks of the files of that source first."""
        found: str | Unmatched | Ambiguous = Unmatched()
        if place is not None:
            if place.source not in self._indexes:
                own = [file for file in self.files if file.source == place.source]
                self._indexes[place.source] = NameIndex(own)
            found = self._indexes[place.source].resolve(name)
        return self._everywhere.resolve(name) if isinstance(found, Unmatched) else found

    @cached_property
    def _everywhere(self) -> NameIndex:
        return NameIndex(self.files)

    def _reject_unnamed(self, table: Table, rows: Sequence[NamedRow]) -> None:
        """One by one, or together where the sources are a choice out of what the table names."""
        rule = "label_for_nothing"
        if table.whole:
            for row in rows:
                reason = f"no film or still that can be read is called {shown(row.name.strip())!r}"
                self._reject(table, row, rule, f"{reason}; mend the name or add the file")
        elif rows:
            first = f"{shown(rows[0].name.strip())!r} in line {rows[0].line}"
            reason = f"{len(rows)} lines name none of the chosen files, the first {first}"
            self._reject(table, None, rule, reason)


def _several(name: str, candidates: Sequence[str]) -> str:
    few = ", ".join(shown(path) for path in candidates[:3])
    more = f" and {len(candidates) - 3} more" if len(candidates) > 3 else ""
    return f"{name.strip()!r} may be {few}{more}, which differ; write the path with its suffix"


def _folders(places: Sequence[Place]) -> list[Place]:
    """Each folder once; the whole folder stands before a choice from it."""
    once: dict[str, Place] = {}
    for place in sorted(places, key=lambda p: not p.whole):
        once.setdefault(place.folder, place)
    return [place for place in places if once[place.folder] is place]


def _beside(kind: Kind, place: Place) -> list[Path]:
    try:
        names = sorted(p.name for p in Path(place.folder).iterdir())
    except OSError:
        return []  # the walk has told of it
    return [Path(place.folder) / name for name in names if name.lower() == f"{kind}.csv"]


def _called(path: Path, several: bool) -> str:
    return shown(f"{path.parent.name}/{path.name}" if several else path.name)


def _rows(table: Table, encoding: str | None) -> list[NamedRow]:
    if table.kind == "labels" and table.path.suffix.lower() == ".txt":
        return read_merr_list(table.path, encoding=encoding)
    columns, required, _ = TABLES[table.kind]
    return read_named_rows(table.path, columns, required=required, encoding=encoding)
