"""Making features: brings the parts of every slot to completion, one lot of clips at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from annotators.feature_settings import FeatureSettings
from annotators.features import Encode
from pipeline.feature_lots import FeatureChain, Lot, concerns
from pipeline.feature_sources import SMALL, FeatureSource
from pipeline.featured_lot import FeaturedLot, Task, Wanted
from pipeline.parts import Part, write_part
from pipeline.pool import WorkerPool
from pipeline.tally import Tally
from schemas.features import FeatureSet


@dataclass(frozen=True)
class Featuring:
    features: FeatureChain
    sources: Sequence[FeatureSource]
    settings: FeatureSettings
    load: Callable[[FeatureSource], Encode]  # called once for each source that has work
    pool: WorkerPool
    tally: Tally
    log: Callable[[str], None]
    retry_failed: bool = False
    _loaded: dict[str, Encode] = field(default_factory=dict)

    def tasks(self) -> list[Task]:
        """Lots that lack something."""
        found = []
        for lot in self.features.lots():
            wanted = tuple(w for s in self.sources if (w := self._wanted(lot, s)) is not None)
            if wanted:
                found.append(Task(lot, wanted))
        return found

    def _wanted(self, lot: Lot, source: FeatureSource) -> Wanted | None:
        if not concerns(lot, source):
            return None
        if self.features.lacks_grid(lot, source):
            return Wanted(source, lot.clip_ids, Part())
        have = self.features.settled(lot, source, retry_failed=self.retry_failed)
        if have is None:
            return Wanted(source, lot.clip_ids, Part())
        todo = tuple(clip_id for clip_id in lot.clip_ids if clip_id not in have)
        if not todo:
            return None
        if source.grid:  # a grid is written whole
            return Wanted(source, lot.clip_ids, Part())
        return Wanted(source, todo, self.features.part(lot, source))

    def prepare(self, tasks: Sequence[Task]) -> None:
        """Loads every encoder that has work, so that what is missing stops the run before anything
        starts."""
        for source in self.sources:
            if source.engine != SMALL and any(w.source == source for t in tasks for w in t.wanted):
                self._encoder(source)

    def run(self, tasks: Sequence[Task]) -> None:
        """Clips of the next lot are decoded while those of this one are encoded."""
        for task in tasks:
            for wanted in task.wanted:
                self.tally.expect(f"{wanted.source.slot}_features", len(wanted.clip_ids))
        with ThreadPoolExecutor(self.pool.slots) as threads:
            try:
                for lot in self._ahead(threads, tasks):
                    self._bring_about(lot)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                self.pool.close()  # the run ends: it waits for no worker's deadline
                raise

    def _ahead(self, threads: ThreadPoolExecutor, tasks: Sequence[Task]) -> Iterator[FeaturedLot]:
        """Two lots at once, so that the faces on the disk are bounded."""
        waiting: list[FeaturedLot] = []
        for task in tasks:
            waiting.append(FeaturedLot(task, self.features.chain, self.settings, self._encoder))
            waiting[-1].start(threads, self.pool)
            if len(waiting) == 2:
                yield waiting.pop(0)
        yield from waiting

    def _bring_about(self, lot: FeaturedLot) -> None:
        for wanted in lot.task.wanted:
            stage = f"{wanted.source.slot}_features"
            part = lot.part(wanted, self.features, partial(self.tally.add, stage))
            self._write(lot.task.lot, wanted.source, part)
        lot.remove_media()

    def _encoder(self, source: FeatureSource) -> Encode:
        if source.slot not in self._loaded:
            self.log(f"{source.slot}: loading {source.encoder}")
            self._loaded[source.slot] = self.load(source)
        return self._loaded[source.slot]

    def _write(self, lot: Lot, source: FeatureSource, part: Part[FeatureSet]) -> None:
        for failure in part.failures:
            self.log(f"{source.slot} {failure.id}: {failure.error}: {failure.reason}")
        path = self.features.path(lot, source)
        write_part(path, part, FeatureSet, self.features.key(lot, source))
        self.log(f"{source.slot} features {lot.name}: wrote {len(part.rows)} rows")
