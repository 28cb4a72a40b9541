"""The log of a run: one JSON line per step or validation, floats with all their bits."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from schemas.parquet import atomic_path

FILE: Final = "metrics.jsonl"
Value = float | int | str


def append_line(run: Path, line: Mapping[str, Value]) -> None:
    """A line goes to the file in one write: a kill leaves it whole, or cut at the end."""
    data = (json.dumps(line) + "\n").encode()
    handle = os.open(run / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


def read_log(run: Path) -> list[dict[str, Any]]:
    """Whole lines; one that a kill cut is left out."""
    path = run / FILE
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def truncate_log(run: Path, step: int) -> None:
    """Keep what was logged up to `step`: the rest is done, and logged, again."""
    kept = [line for line in read_log(run) if line["step"] <= step]
    with atomic_path(run / FILE) as path:
        path.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
