"""A folder of bad and good files, built by the real machinery, and what became of each file."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.fates import Fate, clip_fates, cut_fates, file_fates, video_fates
from pipeline.index import CountIndex
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.status import problems
from schemas.clip import Clip
from schemas.failure import Failure
from schemas.video import Video
from tests.pipeline.workshop import Workshop, bring_about, check_balance
from tests.pipeline.workshop import books_of as count_books

FINE = ("released", "fine")  # the fate of a clip from which everything was made


@dataclass(frozen=True)
class Done:
    """A work folder that was brought to its end."""

    chain: Chain

    @cached_property
    def fates(self) -> dict[str, Fate]:
        """What became of every file, by its path in the source."""
        clips = {clip_id: f for s in self.chain.shards() for clip_id, f in self._of(s).items()}
        for batch in self.chain.batches():
            clips = cut_fates(self.chain, batch) | clips
        return dict(file_fates(self.chain, video_fates(self.chain, clips)))

    def _of(self, shard: Shard) -> dict[str, Fate]:
        return clip_fates(self.chain, shard)

    def fate(self, name: str) -> tuple[str, str | None]:
        """("released", tier) or (another state, the rule or error)."""
        fate = self.fates[name]
        return fate.state, fate.tier or fate.reason

    def video(self, name: str) -> Video:
        video_id = self.video_id(name)
        rows = [v for batch in self.chain.batches() for v in self.chain.videos(batch).rows]
        return next(video for video in rows if video.video_id == video_id)

    def video_id(self, name: str) -> str | None:
        return next(file.video_id for file in self.chain.catalog.files if file.path == name)

    def clips(self, name: str) -> list[tuple[Shard, Clip]]:
        video_id = self.video_id(name)
        pairs = [(s, clip) for s in self.chain.shards() for clip in self.chain.clips(s)]
        return [(shard, clip) for shard, clip in pairs if clip.video_id == video_id]

    def row(self, stage: str, name: str) -> Any:
        """The stage's row of the one clip of a file."""
        ((shard, clip),) = self.clips(name)
        return self.chain.rows(stage, shard)[clip.clip_id]

    @cached_property
    def failures(self) -> list[Failure]:
        """Every failure that stands."""
        return list(problems(self.chain, CountIndex(self.chain.work.index, {})))

    def failures_of(self, name: str) -> list[Failure]:
        ids = {name, self.video_id(name), *(clip.clip_id for _, clip in self.clips(name))}
        return [failure for failure in self.failures if failure.id in ids]

    def check(self) -> None:
        """Whatever the folder holds: the books balance, nothing waits, no bug of ours showed."""
        books = count_books(self.chain)
        check_balance(books)
        assert books.pending == 0
        assert [f for f in self.failures if f.unexpected is not None] == []


def build(sources: Path, work: Path, pool: WorkerPool, **sections: dict[str, Any]) -> Done:
    """What `merr build` makes of a folder."""
    chain = Workshop(sources, WorkFolder(work)).open(**sections)
    bring_about(chain, pool)
    done = Done(chain)
    done.check()
    return done
