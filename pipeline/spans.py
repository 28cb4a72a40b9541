"""A list of spans to cut, written by hand: CSV with the columns name, start and end."""

import csv
import math
import re
from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from schemas.speech import Span

COLUMNS: Final = ("name", "start", "end")
_FORM: Final = "expected seconds (12.5) or h:mm:ss.mmm (0:01:02.500)"
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_SECONDS = re.compile(r"\d+(?:\.\d*)?|\.\d+")


def read_spans(path: Path) -> dict[str, tuple[Span, ...]]:
    """Name as written -> its spans in the order of the file, seconds from the start of the video.

    Other columns may stand there too. Raises SetupError with line and column of the first cell
    that cannot be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise SetupError(f"{path.name}: cannot be read as UTF-8 text: {e}; save it as UTF-8") from e
    reader = csv.DictReader(lines, strict=True, skipinitialspace=True)
    found: dict[str, list[Span]] = {}
    try:
        _check_header(path, reader)
        for row in reader:
            if any(isinstance(cell, str) and cell.strip() for cell in row.values()):
                place = f"{path.name}, line {reader.line_num}"
                found.setdefault(_cell(place, row, "name"), []).append(_span(place, row))
    except csv.Error as e:
        raise SetupError(f"{path.name}, line {reader.line_num}: is not CSV: {e}") from e
    return {name: tuple(spans) for name, spans in found.items()}


def _check_header(path: Path, reader: "csv.DictReader[str]") -> None:
    header = [name.strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    if missing := [name for name in COLUMNS if name not in header]:
        raise SetupError(
            f"{path.name}, line 1: found the columns {', '.join(header) or '(none)'}; "
            f"missing {', '.join(missing)}; start the file with {','.join(COLUMNS)}"
        )


def _cell(place: str, row: dict[str, str], column: str) -> str:
    text = (row[column] or "").strip()
    if not text:
        raise SetupError(f"{place}, column {column}: found nothing; fill it in or remove the line")
    return text


def _span(place: str, row: dict[str, str]) -> Span:
    start_s, end_s = (_seconds(place, row, column) for column in ("start", "end"))
    if end_s <= start_s:
        raise SetupError(
            f"{place}, column end: found {row['end'].strip()}, which is not after the start "
            f"{row['start'].strip()}; correct the line"
        )
    return Span(start_s=start_s, end_s=end_s)


def _seconds(place: str, row: dict[str, str], column: str) -> float:
    text = _cell(place, row, column)
    seconds = math.inf
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = clock.groups()
        seconds = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
    elif _SECONDS.fullmatch(text):
        seconds = float(text)
    if not math.isfinite(seconds):
        raise SetupError(f"{place}, column {column}: found {text!r}, {_FORM}; correct the line")
    return seconds
