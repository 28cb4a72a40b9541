"""A work folder brought about by the real machinery: found, hashed, cut, measured; no Prefect."""

import shutil
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from flows.session import LastRun, save_run
from pipeline.batches import add_batches
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.compute import COMPUTE
from pipeline.found_files import FoundFiles
from pipeline.given_read import read_given
from pipeline.hashes import HashCache, hash_files
from pipeline.index import CountIndex
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.settings import Settings
from pipeline.sources import find_files
from pipeline.stages import MEASURED, STAGES
from pipeline.status import Books, keep_books
from pipeline.tally import Tally

AFTER_MEASURE = tuple(stage.name for stage in STAGES if stage.name not in MEASURED)
NO_MEDIA = tuple(COMPUTE)  # stages that a chain without films can go through


@dataclass(frozen=True)
class Workshop:
    """Sources and the work folder made of them; `open` looks at the sources anew."""

    sources: Path
    work: WorkFolder
    settings: Settings = field(default_factory=Settings)

    def open(self, *, limit: int | None = None, **sections) -> Chain:
        """The chain as a new build would see it, after new videos were put into batches."""
        settings = self.settings.model_copy(
            update={
                name: getattr(self.settings, name).model_copy(update=values)
                for name, values in sections.items()
            }
        )
        catalog = look_around(self.sources, self.work, settings, limit=limit)
        catalog.save(self.work.catalog)
        save_run(self.work, LastRun((str(self.sources),), settings))
        add_batches(self.work, catalog.videos.values())
        return Chain(self.work, settings, catalog)

    def copy_to(self, folder: Path) -> "Workshop":
        shutil.copytree(self.sources, folder / "sources")
        shutil.copytree(self.work.root, folder / "work")
        work = WorkFolder(folder / "work")
        # Whoever opened the original last may have had settings of his own.
        save_run(work, LastRun((str(folder / "sources"),), self.settings))
        return replace(self, sources=folder / "sources", work=work)

    def parts(self) -> dict[str, bytes]:
        """Bytes of every part, batch and shard."""
        root = self.work.root
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for folder in ("parts", "batches", "shards")
            for path in sorted((root / folder).rglob("*"))
            if path.is_file()
        }


def look_around(
    sources: Path, work: WorkFolder, settings: Settings, *, limit: int | None = None
) -> Catalog:
    found = find_files([str(sources)])
    with HashCache(work.hashes) as cache:
        files, failures = hash_files(found.files, cache)
    read = read_given(files, settings.given, places=found.places)
    failures = (*found.failures, *failures, *read.failures)
    catalog = Catalog(FoundFiles(files), read.given, read.rejections, failures)
    left_out = frozenset(list(catalog.videos)[limit:] if limit is not None else ())
    return replace(catalog, left_out=left_out)


def bring_about(chain: Chain, pool: WorkerPool, *, retry_failed: bool = False) -> Tally:
    """What the flow does, in one thread; the tally of what was done."""
    tally = Tally(lambda stage, counts: None)
    build = Build(chain, pool, tally, lambda line: None, retry_failed)
    for batch in chain.batches():
        for shard in build.take_in(batch):
            build.measure(shard)
            build.advance(shard, AFTER_MEASURE)
    return tally


def books_of(chain: Chain) -> Books:
    return keep_books(chain, CountIndex(chain.work.index, {}))


def check_balance(books: Books) -> None:
    """What the books promise: every sum is equal to what was found."""
    files = books.files
    kinds = ("other_kind", "unreadable", "duplicates", "left_out", "videos")
    assert files["found"] == sum(files[kind] for kind in kinds)
    assert all(count >= 0 for count in files.values())
    assert books.stages["ingest"].entered == files["videos"]
    names = list(books.stages)
    for before, after in pairwise(names[1:]):
        assert books.stages[after].entered == books.stages[before].done, after
    for stage in books.stages.values():
        assert stage.pending >= 0, stage
        fell = stage.rejected.total() + stage.failed.total()
        assert stage.entered == stage.done + fell + stage.pending
