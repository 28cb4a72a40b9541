"""The tables beside MERR's JSON: lists with frame count, label and valence, and transcripts."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.names import NamedRow, read_merr_list, read_named_rows
from pipeline.sources import shown
from schemas.errors import SetupError
from schemas.failure import Rejection
from schemas.label import Vocabulary

_NO_COUNT: Final = "-10"  # MERR's sign for no value


@dataclass(frozen=True)
class ListLine:
    """What a list says of a clip; `unread` holds cells that are no number."""

    label: str  # as the vocabulary spells it, or as it stands there
    frames: int | None
    valence: float | None
    unread: dict[str, str]


@dataclass(frozen=True)
class Beside:
    """By the name of a clip; `unused` are the lines that came to nothing."""

    lines: dict[str, list[ListLine]]
    sentences: dict[str, str]
    dirt: Counter[str]
    unused: list[Rejection] = field(default_factory=list)


def read_beside(
    lists: Sequence[Path],
    transcripts: Path | None,
    names: Collection[str],
    vocabulary: Vocabulary,
    encoding: str | None,
) -> Beside:
    """SetupError where a table is not there or is no such table."""
    found = Beside(defaultdict(list), {}, Counter())
    for path in lists:
        rows = read_merr_list(_existing(path), encoding=encoding)
        for row in _usable(path, rows, names, found):
            line = _line(row, vocabulary)
            found.dirt["list_cell_is_no_number"] += len(line.unread)
            found.lines[row.name].append(line)
    if transcripts is not None:
        columns = ("name", "sentence", "language")
        rows = read_named_rows(_existing(transcripts), columns, required=2, encoding=encoding)
        for row in _usable(transcripts, rows, names, found):
            _add_sentence(row, found)
    return found


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise SetupError(f"there is no file {path}")
    return path


def _usable(
    path: Path, rows: Sequence[NamedRow], names: Collection[str], found: Beside
) -> list[NamedRow]:
    """Lines that name a clip of the JSON; those that do not are told of together."""
    for row in (row for row in rows if row.damage):
        where = f"{shown(path.name)}:{row.line} {shown(row.name.strip())}".rstrip()
        found.unused.append(_rejection(where, "bad_row", f"{row.damage}"))
    strangers = [row for row in rows if not row.damage and row.name not in names]
    if strangers:
        first = f"{shown(strangers[0].name)!r} in line {strangers[0].line}"
        many = f"{len(strangers)} line{' names' if len(strangers) == 1 else 's name'}"
        reason = f"{many} no clip of the JSON, the first {first}"
        found.unused.append(_rejection(shown(path.name), "label_for_nothing", reason))
    return [row for row in rows if not row.damage and row.name in names]


def _rejection(where: str, rule: str, reason: str) -> Rejection:
    return Rejection(subject="label", id=where, stage="import", rule=rule, reason=reason)


def _line(row: NamedRow, vocabulary: Vocabulary) -> ListLine:
    count, label = row.values["count"], row.values["label"]
    frames, valence = _frames(count), _valence(row.values.get("valence"))
    told: dict[str, Any] = {
        "count": count if frames is None and count != _NO_COUNT else None,
        "valence": row.values.get("valence") if valence is None else None,
    }
    unread = {column: cell for column, cell in told.items() if cell is not None}
    return ListLine(vocabulary.canonical(label) or label, frames, valence, unread)


def _frames(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"0*[1-9][0-9]{0,8}", cell) else None


def _valence(cell: str | None) -> float | None:
    try:
        value = math.nan if cell is None else float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _add_sentence(row: NamedRow, found: Beside) -> None:
    """Of several the first, which is the one that Emotion-LLaMA takes."""
    sentence = row.values.get("sentence")
    if sentence is None:
        found.dirt["empty_sentence"] += 1
    elif found.sentences.setdefault(row.name, sentence) != sentence:
        found.dirt["other_sentence_left_out"] += 1
