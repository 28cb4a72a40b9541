"""What a model answered, one row per question: written by whoever asks, read by the metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from schemas.errors import SetupError
from schemas.parquet import atomic_path, write_rows
from schemas.units import Row
from trainer.tables import Line, read_lines

COLUMNS: Final = ("name", "answer", "label", "cut", "task", "prompt", "sample_id", "clip_id")


class Prediction(Row):
    """`label` is what was meant: a label, a list of them, or a description, as the benchmark has
    it; None where the data set's own files say it."""

    name: str  # of the clip, as its data set calls it
    answer: str | None  # as the model gave it; None: it gave none
    label: str | None = None
    cut: bool = False  # it ended at the limit of its length
    task: str | None = None
    prompt: str | None = None  # the question as it was put
    sample_id: str | None = None
    clip_id: str | None = None


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """A table with `name` and `answer` and any of the other columns; others are left out.

    JSONL, CSV or Parquet by the suffix. SetupError names the file, line and column.
    """
    lines = read_lines(path, needed=("name", "answer"))
    found = tuple(_prediction(path, line) for line in lines)
    _refuse_twice(path, found)
    return found


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Parquet by the suffix, else JSONL; whole or not there."""
    if path.suffix == ".parquet":
        write_rows(path, predictions, Prediction)
        return
    with atomic_path(path) as unfinished:
        unfinished.write_text("".join(f"{p.model_dump_json()}\n" for p in predictions), "utf-8")


def _prediction(path: Path, line: Line) -> Prediction:
    values: dict[str, Any] = {"answer": None}
    values |= {key: value for key, value in line.values.items() if key in COLUMNS}
    try:
        return Prediction.model_validate(values)
    except ValidationError as e:
        first = e.errors()[0]
        column = ".".join(map(str, first["loc"]))
        raise SetupError(f"{path}, line {line.number}: column {column}: {first['msg']}") from None


def _refuse_twice(path: Path, found: Sequence[Prediction]) -> None:
    """A clip that is asked several things is named with its sample."""
    seen: set[tuple[str, str | None]] = set()
    for one in found:
        key = (one.name, one.sample_id)
        if key in seen:
            raise SetupError(
                f"{path}: {one.name!r} stands there twice; keep one answer for a clip, or give "
                "each its sample_id"
            )
        seen.add(key)
