"""A release as MERR's own files, so that Emotion-LLaMA's loader finds every key that it reads.

Its loader opens names of a list in a JSON by clip, for the words in a table of transcripts, and for
the label in the third column of the list (first_face.py). See docs/formats.md.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.export_folder import ReleaseRows
from pipeline.export_names import MISSING_CELLS
from pipeline.merr_fields import SHARED, TEXT_OF, written
from schemas.label import load_vocabulary
from schemas.record import ReleasedCoarse
from schemas.sample import Tier

JSON_NAMES: Final[dict[Tier, str]] = {
    "coarse": "MERR_coarse_grained.json",
    "fine": "MERR_fine_grained.json",
}
TRANSCRIPTS: Final = "transcription_en_all.csv"
CLIPS: Final = "clips.csv"
_NO_VALUE: Final = "-10"  # MERR's sign in a list
_NO_WORDS: Final = " "  # an empty cell would be read as the word "nan"


def write_merr(rows: ReleaseRows, folder: Path) -> dict[str, Any]:
    """JSON by tier, a list by tier and split, transcripts, and which clip has which name."""
    told: Counter[str] = Counter()
    tiers: tuple[Tier, ...] = ("coarse", "fine")
    for tier in tiers:
        entries = list(_entries(rows, tier))
        _write_json(folder / JSON_NAMES[tier], entries)
        told[JSON_NAMES[tier]] = len(entries)
        for split, lines in _lists(entries, tier, told).items():
            name = f"{Path(JSON_NAMES[tier]).stem}_{split}.txt"
            (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
            told[name] = len(lines)
    _write_table(folder / TRANSCRIPTS, ("name", "sentence"), _sentences(rows, told))
    _write_table(folder / CLIPS, _CLIP_COLUMNS, _clips(rows))
    told[TRANSCRIPTS] = told[CLIPS] = len(rows.coarse)
    return {"counts": dict(sorted((+told).items()))}


@dataclass(frozen=True)
class _Entry:
    """A clip in the JSON of one tier."""

    name: str
    split: str
    row: ReleasedCoarse
    label: str
    fields: dict[str, Any]


def _entries(rows: ReleaseRows, tier: Tier) -> Iterator[_Entry]:
    for split, row in rows.coarse:
        fine = rows.fine.get(row.clip_id)
        sample = row if tier == "coarse" else fine
        if sample is None or (text := getattr(sample, TEXT_OF[tier])) is None:
            continue
        values = {field: getattr(row, field) for field in SHARED}
        values |= {
            "pseu_emotion": sample.pseu_emotion,
            "text": row.text if tier == "fine" else None,
        }
        values[TEXT_OF[tier]] = text
        fields = {f: written(f, v) for f, v in values.items() if v is not None}
        fields |= _unread(row).get(tier, {}).get("json", {})
        yield _Entry(rows.names[row.clip_id], split, row, sample.pseu_emotion, fields)


def _unread(row: ReleasedCoarse) -> dict[str, Any]:
    """What the imported files said beyond the columns; it goes back to where it stood."""
    found: dict[str, Any] = json.loads(row.unread_json or "{}")
    return found


def _write_json(path: Path, entries: Iterable[_Entry]) -> None:
    """ASCII, because the loader opens it with whatever encoding its machine has."""
    by_name = {entry.name: entry.fields for entry in sorted(entries, key=lambda e: e.name)}
    path.write_text(json.dumps(by_name, ensure_ascii=True, indent=1) + "\n", "utf-8")


def _lists(entries: Iterable[_Entry], tier: Tier, told: Counter[str]) -> dict[str, list[str]]:
    """Lines by split. A label that the loader does not know stops it, so that such clips are in no
    list."""
    known = load_vocabulary("merr9").labels
    lists: dict[str, list[str]] = {}
    for entry in entries:
        if entry.label not in known:
            told[f"{tier}: in no list, for Emotion-LLaMA has no label {entry.label}"] += 1
        else:
            lists.setdefault(entry.split, []).append(_line(entry, tier, told))
    return {split: sorted(lines) for split, lines in sorted(lists.items())}


def _line(entry: _Entry, tier: Tier, told: Counter[str]) -> str:
    row, cells = entry.row, _unread(entry.row).get(tier, {}).get("list", {})
    count = cells.get("count") or (_NO_VALUE if row.frames is None else str(row.frames))
    valence = cells.get("valence") or (_NO_VALUE if row.valence is None else repr(row.valence))
    told[f"{tier}: in a list without a frame count"] += count == _NO_VALUE
    return f"{entry.name} {count} {entry.label} {valence}"


def _sentences(rows: ReleaseRows, told: Counter[str]) -> Iterator[tuple[str, str]]:
    for _, row in rows.coarse:
        unread = _unread(row)
        given = [unread[tier].get("sentence") for tier in sorted(unread)]
        words = next((s for s in given if s is not None), row.text)
        told["clips without words (a blank sentence)"] += words is None
        yield rows.names[row.clip_id], _cell(words)


def _cell(words: str | None) -> str:
    """A sentence such as "None" would be read as a missing cell; a blank behind it helps."""
    if words is None:
        return _NO_WORDS
    return f"{words} " if words in MISSING_CELLS else words


_CLIP_COLUMNS: Final = ("name", "clip_id", "file", "start_s", "end_s", "split", "tier")


def _clips(rows: ReleaseRows) -> Iterator[tuple[str, ...]]:
    """Which clip a name means, and where a longer film is to be cut for the loader."""
    for split, row in rows.coarse:
        times = ["" if us is None else f"{us / 1e6:.6f}" for us in rows.span(row.clip_id)]
        tier = "fine" if row.clip_id in rows.fine else "coarse"
        yield rows.names[row.clip_id], row.clip_id, row.name, *times, split, tier


def _write_table(path: Path, columns: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(sorted(lines))
