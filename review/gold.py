"""Answers known beforehand: a table `clip,label,note`, several lines for several right labels."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from review.queues import Entry, Gold
from schemas.errors import SetupError
from schemas.label import Vocabulary
from schemas.review import ShownSample


def read_gold(path: Path, vocabulary: Vocabulary) -> dict[str, Gold]:
    """By clip: a clip_id or a file name. SetupError for a table that says something else."""
    labels: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    for number, row in enumerate(_lines(path), 2):
        label = vocabulary.canonical(row.get("label") or "")
        clip = (row.get("clip") or "").strip()
        if label is None or not clip:
            raise SetupError(
                f"{path}, line {number}: found clip {clip!r} and label {row.get('label')!r}; "
                f"expected a clip and a label of {vocabulary.name}"
            )
        labels.setdefault(clip, []).append(label)
        if row.get("note"):
            notes[clip] = str(row["note"])
    return {clip: Gold(tuple(found), notes.get(clip)) for clip, found in labels.items()}


def _lines(path: Path) -> Sequence[dict[str, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise SetupError(f"{path}: cannot be read: {e}") from e
    table = csv.DictReader(text.splitlines())
    if not {"clip", "label"} <= set(table.fieldnames or ()):
        raise SetupError(f"{path}: the first line must name the columns clip,label (and note)")
    return list(table)


def with_gold(
    samples: Iterable[ShownSample], gold: dict[str, Gold], *, alone: bool
) -> Iterator[Entry]:
    """`alone`: only samples with a known answer, as in practice."""
    for sample in samples:
        known = gold.get(sample.clip.clip_id) or gold.get(sample.clip.name)
        if known is not None or not alone:
            yield Entry(sample, gold=known)
