"""Building: brings every part of a work folder to completion, one batch and one shard at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.advancing import Advancing
from pipeline.batches import Batch, Shard
from pipeline.chain import Chain
from pipeline.cutting import Cutting
from pipeline.measuring import Measured, Measuring
from pipeline.pool import WorkerPool
from pipeline.site import Site
from pipeline.talk import Talk
from pipeline.tally import Tally


@dataclass(frozen=True)
class Build:
    chain: Chain
    pool: WorkerPool
    tally: Tally
    log: Callable[[str], None]
    retry_failed: bool = False
    talk: Talk | None = None  # where a model is asked

    def give_up(self) -> None:
        """The run ends: nothing waits for a worker or an answer any more."""
        self.pool.close()
        if self.talk is not None:
            self.talk.stop()

    def take_in(self, batch: Batch) -> list[Shard]:
        """Probe and cut the videos of a batch; its shards. Does only what is not done yet."""
        return Cutting(self._site).bring(batch)

    def probe_only(self, batch: Batch) -> None:
        Cutting(self._site).probe(batch)

    def measure(self, shard: Shard) -> Measured:
        """The stages that need the decoded clip, all of them by one decode."""
        return Measuring(self._site, self.talk).bring(shard)

    def advance(self, shard: Shard, names: Iterable[str], measured: Measured | None = None) -> None:
        """Bring the named stages of a shard, which follow each other, to completion."""
        Advancing(self._site, self.talk).bring(shard, names, measured)

    @property
    def _site(self) -> Site:
        return Site(self.chain, self.pool, self.tally, self.log, self.retry_failed)
