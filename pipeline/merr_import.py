"""One JSON file of MERR, with its lists and transcripts, as records: nothing is judged here yet."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.merr_fields import read_fields, tiers_of, to_json
from pipeline.merr_json import load_merr_json
from pipeline.merr_tables import Beside, ListLine, read_beside
from pipeline.parts import Part
from pipeline.sources import shown
from schemas.clip import declared_ids
from schemas.failure import Rejection
from schemas.label import Vocabulary
from schemas.merr import MerrRecord

STAGE: Final = "import"
VERSION: Final = "1"


@dataclass(frozen=True)
class MerrFiles:
    json_file: Path
    lists: tuple[Path, ...] = ()
    transcripts: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (
            self.json_file,
            *self.lists,
            *(() if self.transcripts is None else (self.transcripts,)),
        )


@dataclass(frozen=True)
class MerrRead:
    """Every name of the file comes back: with a record or with a rejection."""

    part: Part[MerrRecord]
    dirt: Counter[str]
    unused: tuple[Rejection, ...]


def read_merr(files: MerrFiles, vocabulary: Vocabulary, *, encoding: str | None = None) -> MerrRead:
    """SetupError where a file is not what it should be."""
    found = load_merr_json(files.json_file, encoding=encoding)
    names = {name for name, _ in found.entries}
    beside = read_beside(files.lists, files.transcripts, names, vocabulary, encoding)
    reader = _Reader(vocabulary, beside, found.dirt + beside.dirt)
    if files.lists:
        reader.dirt["not_in_list"] += sum(name not in beside.lines for name in names)
    if files.transcripts is not None:
        reader.dirt["not_in_transcripts"] += sum(n not in beside.sentences for n in names)
    outcomes = [reader.read(name, entries) for name, entries in _by_name(found.entries)]
    part = Part(
        [o for o in outcomes if isinstance(o, MerrRecord)],
        [o for o in outcomes if isinstance(o, Rejection)],
    )
    return MerrRead(part, +reader.dirt, tuple(beside.unused))


def _by_name(entries: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    by_name: dict[str, list[Any]] = {}
    for name, entry in entries:
        by_name.setdefault(name, []).append(entry)
    yield from sorted(by_name.items())


@dataclass(frozen=True)
class _Reader:
    vocabulary: Vocabulary
    beside: Beside
    dirt: Counter[str]

    def read(self, name: str, entries: Sequence[Any]) -> MerrRecord | Rejection:
        first = entries[0]
        self.dirt["name_twice"] += len(entries) - 1
        if not name.strip() or not _writable(name):
            return reject(name, "bad_name", "its name is empty or holds half a letter")
        if any(entry != first for entry in entries):
            return reject(name, "duplicate_name", "the file holds different entries of this name")
        if not isinstance(first, dict):
            return reject(name, "bad_entry", "its entry is no object of MERR's fields")
        return self._record(name, first)

    def _record(self, name: str, entry: Mapping[str, Any]) -> MerrRecord:
        fields = read_fields(entry, self.vocabulary)
        self.dirt.update(fields.dirt)
        values, lines = fields.values, self.beside.lines.get(name, [])
        line = _own(lines, values["pseu_emotion"])
        values["pseu_emotion"] = values["pseu_emotion"] or _said_by(lines, self.vocabulary)
        sentence = self.beside.sentences.get(name)
        other = sentence if values["text"] and values["text"].strip() != sentence else None
        self.dirt["sentence_differs_from_text"] += other is not None
        values["text"] = values["text"] or sentence
        told = {"json": fields.unread, "list": line.unread if line else {}, "sentence": other}
        unread = {key: value for key, value in told.items() if value}
        return MerrRecord(
            name=name,
            tiers=tiers_of(entry),
            **values,
            list_labels=tuple(dict.fromkeys(line.label for line in lines)),
            frames=line.frames if line else None,
            valence=line.valence if line else None,
            unread_json=to_json(unread) if unread else None,
        )


def _own(lines: Sequence[ListLine], label: str | None) -> ListLine | None:
    """The line of this label: a clip may have another one in the list of the other tier."""
    return next((line for line in lines if line.label == label), lines[0] if lines else None)


def _said_by(lines: Sequence[ListLine], vocabulary: Vocabulary) -> str | None:
    """The label that the lists give, where they give one and the same."""
    labels = {line.label for line in lines}
    return vocabulary.canonical(labels.pop()) if len(labels) == 1 else None


def _writable(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in name)


def reject(name: str, rule: str, reason: str, *, stage: str = STAGE) -> Rejection:
    """Of the clip of this name."""
    readable = shown(name.encode("utf-8", "backslashreplace").decode())
    return Rejection(
        subject="clip",
        id=declared_ids(name)[1],
        stage=stage,
        rule=rule,
        reason=f"{readable}: {reason}",
    )
