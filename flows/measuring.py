"""Clips measured up to their pictures, for a model that is asked about them: no label, no Prefect.

The same stages, workers and limits as in a build, and a later `merr build` on the same folder goes
on from here.
"""

import os
from typing import Final

from flows.building import Request, catalog_of, check_engines
from flows.face_engines import check_face_models, jobs_for, with_face_engine
from flows.progress import shown_progress
from flows.session import LastRun, locked, open_log, save_run
from flows.talking import talking
from pipeline.batches import add_batches
from pipeline.build import Build
from pipeline.chain import Chain
from pipeline.pool import WorkerPool
from pipeline.tally import Tally

_AFTER_MEASURE: Final = ("peak", "stills")


def measure(request: Request) -> Chain:
    """SetupError where an engine is missing; what became of broken files is in the chain."""
    work = request.work
    settings = with_face_engine(request.settings, os.environ)
    check_face_models(settings)
    check_engines(settings)
    with locked(work), open_log(work) as log, shown_progress() as listen:
        catalog = catalog_of(request, listen)
        catalog.save(work.catalog)
        save_run(work, LastRun(request.sources, settings))
        batches = add_batches(work, catalog.videos.values())
        chain = Chain(work, settings, catalog)
        slots = request.jobs or settings.run.jobs or jobs_for(settings, os.cpu_count() or 1)
        with (
            WorkerPool(slots, log=work.log, memory_gb=settings.run.worker_memory_gb) as pool,
            talking(work, settings) as talked,
        ):
            build = Build(chain, pool, Tally(listen), log.info, request.retry_failed, talked.talk)
            for batch in batches:
                if not any(video in catalog.videos for video in batch.video_ids):
                    continue
                for shard in build.take_in(batch):
                    build.advance(shard, _AFTER_MEASURE, build.measure(shard))
    return chain
