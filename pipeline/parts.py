"""Parts: what one stage made of one shard. A part is one file, made visible by one rename."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from pipeline.keys import Key
from schemas.failure import Failure, Rejection
from schemas.parquet import (
    metadata_of,
    read_column,
    read_metadata,
    read_table,
    rows_of,
    write_rows,
)
from schemas.units import Row

R = TypeVar("R", bound=Row)

_REJECTIONS = TypeAdapter(list[Rejection])
_FAILURES = TypeAdapter(list[Failure])


@dataclass(frozen=True)
class Part(Generic[R]):
    """Every subject of the shard comes back once: as a row, a Rejection or a Failure."""

    rows: Sequence[R] = ()
    rejections: Sequence[Rejection] = ()
    failures: Sequence[Failure] = ()

    @property
    def fallen(self) -> list[Rejection | Failure]:
        """What gave no row."""
        return [*self.rejections, *self.failures]

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejections) + len(self.failures)

    def settled(self, *, retry_failed: bool = False) -> set[str]:
        """Ids of rejected subjects and of failures that would only fail again."""
        failed = {f.id for f in self.failures if not f.retryable and not retry_failed}
        return failed | {r.id for r in self.rejections}


@dataclass(frozen=True)
class Counts:
    """What `status` needs of a part, without its rows."""

    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)  # by rule
    failed: Counter[str] = field(default_factory=Counter)  # by error
    retryable: int = 0
    subjects: int = 0  # that came back; differs from the sum only where one subject gives many rows

    @cached_property
    def came_back(self) -> int:
        return self.rows + self.rejected.total() + self.failed.total()

    @classmethod
    def of(cls, part: Part[Any], subjects: int | None = None) -> "Counts":
        return cls(
            len(part.rows),
            Counter(r.rule for r in part.rejections),
            Counter(f.error for f in part.failures),
            sum(f.retryable for f in part.failures),
            len(part) if subjects is None else subjects,
        )

    def to_json(self) -> str:
        fields = [self.rows, self.rejected, self.failed, self.retryable, self.subjects]
        return json.dumps(fields, sort_keys=True)

    @classmethod
    @cache  # most of a thousand parts count the same; nobody changes counts
    def from_json(cls, text: str) -> "Counts":
        rows, rejected, failed, retryable, subjects = json.loads(text)
        return cls(rows, Counter(rejected), Counter(failed), retryable, subjects)


def write_part(
    path: Path, part: Part[R], row: type[R], key: Key, *, subjects: int | None = None
) -> None:
    """Rows, rejections, failures and key become visible together.

    `subjects`: how many came back, where that is not the sum of rows, rejections and failures.
    """
    metadata = {
        "key": key.fields,
        "counts": Counts.of(part, subjects).to_json(),
        "rejections": _REJECTIONS.dump_json(list(part.rejections)).decode(),
        "failures": _FAILURES.dump_json(list(part.failures)).decode(),
    }
    write_rows(path, part.rows, row, metadata)


def read_part(path: Path, row: type[R], key: Key) -> Part[R] | None:
    """The part of exactly this key, or None. A name whose 16 digits collide is not believed."""
    if not path.exists():
        return None
    table = read_table(path)
    metadata = metadata_of(table.schema)
    if metadata.get("key") != key.fields:
        return None
    return Part(
        rows_of(table, row),
        _REJECTIONS.validate_json(metadata["rejections"]),
        _FAILURES.validate_json(metadata["failures"]),
    )


def read_fallen(path: Path) -> list[Rejection | Failure]:
    """Rejections and failures of a part, without its rows."""
    metadata = read_metadata(path)
    return [
        *_REJECTIONS.validate_json(metadata["rejections"]),
        *_FAILURES.validate_json(metadata["failures"]),
    ]


def read_ids(path: Path) -> set[str]:
    """clip_ids of the rows of a part."""
    return set(read_column(path, "clip_id"))


def read_counts(path: Path) -> Counts:
    return Counts.from_json(read_metadata(path)["counts"])
