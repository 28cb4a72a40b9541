"""The books of a work folder: what entered each stage and what became of it. Sums are equal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.batches import Batch, Shard
from pipeline.chain import Chain
from pipeline.fates import Fate, clip_fates, subjects_cut
from pipeline.import_books import ImportBooks
from pipeline.index import CountIndex
from pipeline.layout import part_name
from pipeline.parts import Counts, Part
from pipeline.stages import NAMES, STAGES, Stage
from pipeline.unused import unused_texts
from schemas.failure import Failure, Rejection


@dataclass
class StageBooks:
    """entered == done + rejected + failed + pending, always."""

    stage: str
    entered: int = 0
    done: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    retryable: int = 0

    @property
    def pending(self) -> int:
        return self.entered - self.done - self.rejected.total() - self.failed.total()

    def add(self, upstream: int, counts: Counts | None) -> None:
        """One part; a subject that gives many rows (a film that gives clips) enters as many."""
        counts = counts or Counts()
        self.entered += counts.came_back + upstream - counts.subjects
        self.done += counts.rows
        self.rejected.update(counts.rejected)
        self.failed.update(counts.failed)
        self.retryable += counts.retryable


@dataclass
class Books:
    files: dict[str, int]  # found == other_kind + unreadable + duplicates + left_out + videos
    stages: dict[str, StageBooks]
    clips: int  # spans cut
    labels: Counter[str]  # rules by which given labels were not used
    texts_failed: int  # files of subtitles that could not be read
    imports: ImportBooks | None = None  # None: nothing was imported

    @property
    def failed(self) -> int:
        stages = sum(s.failed.total() for s in self.stages.values())
        return self.files["unreadable"] + self.texts_failed + stages

    @property
    def pending(self) -> int:
        # Where a part was lost, later ones tell of more than entered; that is no work done.
        return sum(max(0, s.pending) for s in self.stages.values())

    @property
    def retryable(self) -> int:
        return sum(s.retryable for s in self.stages.values())

    def to_do(self, *, until: str | None, retry_failed: bool) -> int:
        """How many subjects a build up to and with the stage `until` would look at."""
        last = NAMES.index(until) if until else len(NAMES)
        stages = [self.stages[name] for name in NAMES[: last + 1]]
        again = sum(s.failed.total() if retry_failed else s.retryable for s in stages)
        return again + sum(max(0, s.pending) for s in stages)

    def as_json(self) -> dict[str, Any]:
        stages = {
            name: {
                "entered": s.entered,
                "done": s.done,
                "rejected": dict(sorted(s.rejected.items())),
                "failed": dict(sorted(s.failed.items())),
                "retryable": s.retryable,
                "pending": s.pending,
            }
            for name, s in self.stages.items()
        }
        return {
            "files": self.files,
            "imports": None if self.imports is None else self.imports.as_json(),
            "clips": self.clips,
            "stages": stages,
            "texts_failed": self.texts_failed,
            "labels_not_used": dict(sorted(self.labels.items())),
        }


def keep_books(chain: Chain, index: CountIndex) -> Books:
    """Counts of every stage. Opens no part whose counts the index knows."""
    stages = {name: StageBooks(name) for name in NAMES}
    for batch in chain.batches():
        _add_batch(stages, chain, index, batch)
    seen = {v for batch in chain.batches() for v in batch.video_ids}
    stages["ingest"].entered += sum(v not in seen for v in chain.catalog.video_ids)
    whole = {b.number for b in chain.batches() if _is_whole(chain, b)}
    clips = 0
    for shard in chain.shards():
        clips += _add_shard(stages, chain, index, shard, whole=shard.batch in whole)
    waiting = stages["cut"].done - clips  # a run died between a cut and its shards
    stages[STAGES[0].name].entered += waiting
    clips += waiting
    unused = [*chain.catalog.conflicts.values(), *unused_texts(chain)]
    labels = Counter(item.rule for item in unused if isinstance(item, Rejection))
    texts_failed = sum(f.subject == "label" for f in chain.catalog.failures)
    imports = ImportBooks.of(chain.imports)
    return Books(_count_files(chain), stages, clips, labels, texts_failed, imports)


def _is_whole(chain: Chain, batch: Batch) -> bool:
    return chain.catalog.video_ids >= set(batch.video_ids)


def _add_batch(
    stages: dict[str, StageBooks], chain: Chain, index: CountIndex, batch: Batch
) -> None:
    if not _is_whole(chain, batch):
        _add_batch_by_id(stages, chain, batch)
        return
    ingest = index.counts(part_name("ingest", batch.number, chain.ingest_key(batch).name))
    cut = index.counts(part_name("cut", batch.number, chain.cut_key(batch).name))
    stages["ingest"].add(len(batch.video_ids), ingest)
    stages["cut"].add(ingest.rows if ingest else 0, cut)


def _add_batch_by_id(stages: dict[str, StageBooks], chain: Chain, batch: Batch) -> None:
    """Some videos of the batch are no longer in the sources: count the others one by one."""
    live = chain.catalog.video_ids
    videos, cuts = chain.videos(batch), chain.cuts(batch)
    ingested = {v.video_id for v in videos.rows if v.video_id in live}
    ours = Part(
        [v for v in videos.rows if v.video_id in live],
        [r for r in videos.rejections if r.id in live],
        [f for f in videos.failures if f.id in live],
    )
    stages["ingest"].add(sum(v in live for v in batch.video_ids), Counts.of(ours))
    cut = Part(
        [c for c in cuts.rows if c.video_id in ingested],
        [r for r in cuts.rejections if r.subject == "clip" or r.id in ingested],
        [f for f in cuts.failures if f.id in ingested],
    )
    stages["cut"].add(len(ingested), Counts.of(cut, subjects_cut(cut)))


def _add_shard(
    stages: dict[str, StageBooks], chain: Chain, index: CountIndex, shard: Shard, *, whole: bool
) -> int:
    counts = [index.counts(chain.part_name(stage, shard)) for stage in STAGES] if whole else []
    if not whole or not _adds_up(shard.clips, counts):
        return _add_shard_by_id(stages, chain, shard)
    entered = shard.clips
    for stage, found in zip(STAGES, counts, strict=True):
        stages[stage.name].add(entered, found)
        entered = found.rows if found else 0
    return shard.clips


def _adds_up(entered: int, counts: list[Counts | None]) -> bool:
    """Whether each part speaks of exactly the clips the one before gave."""
    for found in counts:
        if found and found.came_back != entered:
            return False
        entered = found.rows if found else 0
    return True


def _add_shard_by_id(stages: dict[str, StageBooks], chain: Chain, shard: Shard) -> int:
    fates = clip_fates(chain, shard)
    order = [stage.name for stage in STAGES]
    for fate in fates.values():
        last = order.index(fate.stage) if fate.stage in order else len(order)
        for name in order[:last]:
            stages[name].entered += 1
            stages[name].done += 1
        if last < len(order):
            stages[order[last]].entered += 1
            _add_end(stages[order[last]], fate)
    return len(fates)


def _add_end(books: StageBooks, fate: Fate) -> None:
    if fate.fell == "failed":
        books.failed[fate.reason or ""] += 1
        books.retryable += fate.retryable
    elif fate.fell == "rejected":
        books.rejected[fate.reason or ""] += 1


def _count_files(chain: Chain) -> dict[str, int]:
    catalog = chain.catalog
    kinds, ids = catalog.files.column("kind"), catalog.files.column("video_id")
    paths = set(catalog.files.column("path")) if catalog.failures else set()
    lost = sum(f.subject == "file" and f.id not in paths for f in catalog.failures)
    left_out = sum(i in catalog.left_out for i in ids) if catalog.left_out else 0
    unread = sum(i is None and kind != "other" for i, kind in zip(ids, kinds, strict=True))
    return {
        "found": len(catalog.files) + lost,
        "other_kind": kinds.count("other"),
        "unreadable": unread + lost,
        "duplicates": len(ids) - ids.count(None) - left_out - len(catalog.video_ids),
        "left_out": left_out,
        "videos": len(catalog.video_ids),
    }


def problems(chain: Chain, index: CountIndex) -> Iterator[Failure]:
    """Every failure that stands, files first."""
    yield from chain.catalog.failures
    for batch in chain.batches():
        for failure in (*chain.videos(batch).failures, *chain.cuts(batch).failures):
            if failure.id in chain.catalog.video_ids:
                yield failure
    for shard in chain.shards():
        if any(_has_failed(chain, index, stage, shard) for stage in STAGES):
            fates = clip_fates(chain, shard)
            for stage in STAGES:
                yield from (f for f in chain.part(stage, shard).failures if _stands(f, fates))


def _has_failed(chain: Chain, index: CountIndex, stage: Stage, shard: Shard) -> bool:
    counts = index.counts(chain.part_name(stage, shard))
    return counts is not None and counts.failed.total() > 0


def _stands(failure: Failure, fates: dict[str, Fate]) -> bool:
    fate = fates.get(failure.id)
    return fate is not None and (fate.fell, fate.stage) == ("failed", failure.stage)
