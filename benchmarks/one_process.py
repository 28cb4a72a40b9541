"""A build in one process, by the code of a real one: no Prefect, and workers without a pipe."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.build_flow import BEFORE_WORDS, WORDS
from pipeline.batches import add_batches
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.found_files import FoundFiles
from pipeline.given_read import read_given
from pipeline.hashes import HashCache, hash_files
from pipeline.layout import WorkFolder
from pipeline.pool import _unwrap
from pipeline.settings import Settings
from pipeline.sources import find_files
from pipeline.tally import Tally
from pipeline.worker import _let_go, _work


class InProcess:
    """Stands where the pool of workers stands. Requests and answers are JSON, as over a pipe."""

    slots = 1

    def __init__(self, before: Callable[[str], None] = lambda job: None) -> None:
        self.calls: Counter[str] = Counter()
        self._before = before

    def call(self, job: str, payload: dict[str, Any], *, deadline_s: float) -> Any:

        request = json.dumps({"job": job, "payload": payload}).encode() + b"\n"
        self.calls[job] += 1
        self._before(job)
        answer = json.dumps(_work(json.loads(request))).encode() + b"\n"
        _let_go()
        return _unwrap(json.loads(answer))

    def close(self) -> None:
        """There is no process to end."""


def make_catalog(sources: tuple[str, ...], work: WorkFolder, settings: Settings) -> Catalog:
    found = find_files(sources)
    with HashCache(work.hashes) as cache:
        files, failures = hash_files(found.files, cache)
    read = read_given(files, settings.given, places=found.places)
    broken = (*found.failures, *failures, *read.failures)
    return Catalog(FoundFiles(files), read.given, read.rejections, broken)


def build_in_process(sources: tuple[str, ...], root: Path, pool: InProcess) -> Chain:
    """From files to samples, everything that `merr build` does but Prefect and processes."""
    work, settings = WorkFolder(root), Settings()
    root.mkdir(parents=True)
    catalog = make_catalog(sources, work, settings)
    catalog.save(work.catalog)
    batches = add_batches(work, catalog.videos.values())
    chain = Chain(work, settings, catalog)
    build: Any = Build(chain, pool, Tally(lambda *_: None), lambda _: None)  # type: ignore[arg-type]
    for batch in batches:
        for shard in build.take_in(batch):
            measured = build.measure(shard)
            build.advance(shard, BEFORE_WORDS, measured)
            build.advance(shard, WORDS)
    return chain
