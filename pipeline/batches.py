"""Batches of videos and shards of clips: cut once, never cut again; new films make new ones."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from pipeline.keys import digest
from pipeline.layout import WorkFolder
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.parquet import atomic_path, read_rows, write_rows
from schemas.video import SourceFile

SHARD_CLIPS: Final = 64
BATCH_VIDEOS: Final = 64
BATCH_BYTES: Final = 2 << 30  # a batch of films closes early, so that its shards can start


@dataclass(frozen=True)
class Batch:
    number: int
    video_ids: tuple[str, ...]


@dataclass(frozen=True)
class Shard:
    """Up to 64 clips. Everything that `status` needs of it is in its file name."""

    number: int
    batch: int
    cut_key: str  # name of the key of the cut that made its clips
    subjects: str  # 16 hex digits of its clip ids
    clips: int

    @cached_property
    def file_name(self) -> str:
        what = f"{self.cut_key}-{self.subjects}-{self.clips}"
        return f"{self.number:05d}-{self.batch:05d}-{what}.parquet"

    @classmethod
    def from_name(cls, name: str) -> Self:
        number, batch, cut_key, subjects, clips = name.removesuffix(".parquet").split("-")
        return cls(int(number), int(batch), cut_key, subjects, int(clips))


def read_batches(work: WorkFolder) -> list[Batch]:
    return [_read_batch(work.batches / name) for name in _numbered(work.batches)]


def _numbered(folder: Path) -> list[str]:
    """Names of the finished files of a folder that may not be there yet, in order."""
    try:
        return sorted(name for name in os.listdir(folder) if name[0].isdigit())  # noqa: PTH208
    except FileNotFoundError:
        return []


def _read_batch(path: Path) -> Batch:
    try:
        return Batch(int(path.stem), tuple(json.loads(path.read_text("utf-8"))))
    except ValueError as e:
        raise SetupError(
            f"{path}: is damaged ({e}); take another --work: without it nobody knows which videos "
            "the parts are of"
        ) from e


def add_batches(work: WorkFolder, files: Iterable[SourceFile]) -> list[Batch]:
    """Every batch, after videos that are in none were put into new ones, in the order found."""
    batches = read_batches(work)
    known = {video_id for batch in batches for video_id in batch.video_ids}
    for ids in _grouped(files, known):
        batch = Batch(len(batches), ids)
        with atomic_path(work.batches / f"{batch.number:05d}.json") as path:
            path.write_text(json.dumps(ids), "utf-8")
        batches.append(batch)
    return batches


def _grouped(files: Iterable[SourceFile], known: set[str]) -> Iterable[tuple[str, ...]]:
    group: list[str] = []
    size = 0
    for file in files:
        if file.video_id is None or file.video_id in known:
            continue
        known.add(file.video_id)
        group.append(file.video_id)
        size += file.size_bytes
        if len(group) == BATCH_VIDEOS or size >= BATCH_BYTES:
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)


def list_shards(work: WorkFolder) -> list[Shard]:
    return [Shard.from_name(name) for name in _numbered(work.shards)]


def read_clips(work: WorkFolder, shard: Shard) -> list[Clip]:
    return read_rows(work.shards / shard.file_name, Clip)


def add_shards(work: WorkFolder, batch: Batch, cut_key: str, clips: Sequence[Clip]) -> list[Shard]:
    """Shards of this batch and cut, after clips that are in none were put into new ones."""
    everyone = list_shards(work)
    ours = [s for s in everyone if (s.batch, s.cut_key) == (batch.number, cut_key)]
    known = {clip.clip_id for shard in ours for clip in read_clips(work, shard)}
    new = [clip for clip in clips if clip.clip_id not in known]
    for start in range(0, len(new), SHARD_CLIPS):
        chunk = new[start : start + SHARD_CLIPS]
        subjects = digest([clip.clip_id for clip in chunk])[:16]
        number = _number_of(work, everyone, batch, subjects, chunk)
        shard = Shard(number, batch.number, cut_key, subjects, len(chunk))
        write_rows(Path(work.shards / shard.file_name), chunk, Clip)
        everyone.append(shard)
        ours.append(shard)
    return ours


def _number_of(
    work: WorkFolder, everyone: Sequence[Shard], batch: Batch, subjects: str, clips: Sequence[Clip]
) -> int:
    """A cut under another key that gives the very same clips finds their parts again."""
    for shard in everyone:
        same = (shard.batch, shard.subjects) == (batch.number, subjects)
        if same and read_clips(work, shard) == list(clips):
            return shard.number
    return len(everyone)
