"""Decisions as Parquet, and every comparison and edit as a pair of texts of which one is better."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select

from review.choosing import lot
from review.history import all_events
from review.store import ReviewStore
from review.tables import snapshots
from schemas.maker import Maker
from schemas.parquet import atomic_path, write_rows
from schemas.review import Decision, Preference, ShownSample
from schemas.units import Row

COLUMNS: Final = ("a1", "a2", "preference", "model1", "model2", "annotator", "sample_id")
HUMAN: Final = "human"


class Pair(Row):
    """In the columns of MER-Prefer, and which sample it is of."""

    a1: str
    a2: str
    preference: Preference
    model1: str
    model2: str
    annotator: str  # pseudonym
    sample_id: str


def export_decisions(store: ReviewStore, path: Path) -> int:
    """Every event ever, those taken back among them. How many."""
    rows = list(all_events(store))
    write_rows(path, rows, Decision)
    return len(rows)


def export_preferences(store: ReviewStore, path: Path, *, seed: int = 0) -> int:
    """A CSV of `Pair`. Sides are drawn, also of edits: a better text that always stood second
    would be learnt by its place. How many."""
    count = 0
    with (
        atomic_path(path) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for pair in preferences(store, seed=seed):
            writer.writerow(pair.model_dump())
            count += 1
    return count


def preferences(store: ReviewStore, *, seed: int = 0) -> Iterator[Pair]:
    """Of decisions that stand."""
    texts = _Texts(store)
    for event in all_events(store):
        found = _pair(event, texts) if event.stands and event.kind == "decide" else None
        if found is not None:
            swapped = int(lot(seed, str(event.event_id))[:2], 16) % 2 == 1
            yield _turned(found) if swapped else found


class _Texts:
    """Texts by sample and hash, with who wrote them; read once."""

    def __init__(self, store: ReviewStore) -> None:
        self._store = store
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, sample_id: str, text_hash: str) -> tuple[str, str]:
        key = (sample_id, text_hash)
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _read(self, sample_id: str, text_hash: str) -> tuple[str, str]:
        ours = (snapshots.c.sample_id == sample_id) & (snapshots.c.text_hash == text_hash)
        with self._store.read() as db:
            shown = db.execute(select(snapshots.c.shown_json).where(ours)).scalar_one()
        told = ShownSample.model_validate_json(shown).told
        return told.text, _model(told.made_by)


def _model(made_by: Maker) -> str:
    return made_by.model or f"{made_by.engine} {made_by.version}"


def _pair(event: Decision, texts: _Texts) -> Pair | None:
    first, model = texts.of(event.sample_id, event.text_hash)
    if event.preference is not None and event.other_hash is not None:
        second, other = texts.of(event.sample_id, event.other_hash)
        preference = event.preference
    elif event.edited_text is not None:
        second, other, preference = event.edited_text, HUMAN, "a2"
    else:
        return None
    return Pair(
        a1=first,
        a2=second,
        preference=preference,
        model1=model,
        model2=other,
        annotator=event.person,
        sample_id=event.sample_id,
    )


def _turned(pair: Pair) -> Pair:
    turned: dict[Preference, Preference] = {"a1": "a2", "a2": "a1", "same": "same"}
    return Pair(
        a1=pair.a2,
        a2=pair.a1,
        preference=turned[pair.preference],
        model1=pair.model2,
        model2=pair.model1,
        annotator=pair.annotator,
        sample_id=pair.sample_id,
    )
