"""The catalog of a build: every file found, where each video lies, and what was given beside it."""

import json
from collections.abc import KeysView
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import TypeAdapter

from pipeline.found_files import FoundFiles
from pipeline.given import Given, VideoGiven
from pipeline.keys import digest
from schemas.errors import SetupError
from schemas.failure import Failure, Rejection
from schemas.parquet import read_metadata
from schemas.video import SourceFile

_REJECTIONS = TypeAdapter(list[Rejection])
_FAILURES = TypeAdapter(list[Failure])
GivenKind = Literal["words", "labels", "spans"]

_FIELDS: Final[dict[GivenKind, set[str]]] = {
    "words": {"cues", "sentence", "language", "words_source"},
    "labels": {"labels"},
    "spans": {"spans"},
}


@dataclass(frozen=True)
class Catalog:
    """Counting starts at `files`; `left_out` were found but lie beyond --limit."""

    files: FoundFiles
    given: Given
    problems: tuple[Rejection, ...] = ()  # of labels and videos
    failures: tuple[Failure, ...] = ()  # of files, and of subtitles (subject label)
    left_out: frozenset[str] = field(default=frozenset())  # video_ids

    @cached_property
    def video_ids(self) -> KeysView[str]:
        """Those of `videos`, without the files."""
        ids = dict.fromkeys(self.files.column("video_id"))
        return {i: None for i in ids if i is not None and i not in self.left_out}.keys()

    @cached_property
    def videos(self) -> dict[str, SourceFile]:
        """video_id -> the first file that holds it, in the order found."""
        found: dict[str, SourceFile] = {}
        for file in self.files:
            if file.video_id is not None and file.video_id not in self.left_out:
                found.setdefault(file.video_id, file)
        return found

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """video_id -> every name its bytes were found under."""
        names: dict[str, list[str]] = {}
        for file in self.files:
            if file.video_id is not None:
                names.setdefault(file.video_id, []).append(file.path)
        return names

    @cached_property
    def conflicts(self) -> dict[str, Rejection]:
        """video_id -> why its labels were all dropped."""
        return {p.id: p for p in self.problems if p.subject == "video" and p.stage == "label"}

    @property
    def unused_texts(self) -> list[Rejection | Failure]:
        """Lines of tables and files of subtitles that came to nothing."""
        told: list[Rejection | Failure] = [*self.problems, *self.failures]
        return [item for item in told if item.subject == "label"]

    def given_of(self, video_id: str) -> VideoGiven | None:
        return self.given.videos.get(video_id)

    def given_digest(self, video_ids: tuple[str, ...], kind: GivenKind) -> str:
        """16 hex digits over what was given for these videos; part of the keys."""
        parts = {}
        for video_id in video_ids if self.given.videos or self.conflicts else ():
            given = self.given.videos.get(video_id)
            told = given and given.model_dump(
                mode="json", include=_FIELDS[kind], exclude_defaults=True
            )
            if told:  # a label that comes or goes says nothing of the words
                parts[video_id] = told
            if kind == "labels" and video_id in self.conflicts:
                parts[video_id] = {"conflict": self.conflicts[video_id].reason}
        return digest(parts)[:16]

    def save(self, path: Path) -> None:
        """Writes nothing where the file says the same: a build with nothing to do is cheap."""
        metadata = {
            "given": self.given.model_dump_json(),
            "problems": _REJECTIONS.dump_json(list(self.problems)).decode(),
            "failures": _FAILURES.dump_json(list(self.failures)).decode(),
            "left_out": json.dumps(sorted(self.left_out)),
        }
        if not self._is_at(path, metadata):
            self.files.save(path, metadata)

    def _is_at(self, path: Path, metadata: dict[str, str]) -> bool:
        try:
            there = read_metadata(path).items() >= metadata.items()
            return there and FoundFiles.load(path) == self.files
        except (FileNotFoundError, SetupError):  # not there, damaged, or of another merr
            return False

    @classmethod
    def load(cls, path: Path) -> Self:
        if not path.exists():
            raise SetupError(
                f"{path.parent} holds no build yet; run `merr build SOURCE --work {path.parent}`"
            )
        metadata = read_metadata(path)
        return cls(
            FoundFiles.load(path),
            Given.model_validate_json(metadata["given"]),
            tuple(_REJECTIONS.validate_json(metadata["problems"])),
            tuple(_FAILURES.validate_json(metadata["failures"])),
            frozenset(json.loads(metadata["left_out"])),
        )
