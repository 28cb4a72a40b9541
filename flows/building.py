"""`merr build`: find, hash, read what was given, then let the flow bring every part about."""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from annotators.models.weights import PITCH, weight_path
from flows.face_engines import check_face_models, jobs_for, with_face_engine
from flows.prefect_api import prefect_api
from flows.prefect_env import prepare_prefect
from flows.progress import Listen, shown_progress
from flows.session import LastRun, books_of, locked, open_log, save_run, unseen_problems
from flows.talking import talking
from pipeline.batches import Batch, add_batches
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.found_files import FoundFiles
from pipeline.given_read import read_given
from pipeline.hashes import HashCache, hash_files
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.settings import Settings
from pipeline.sources import find_files
from pipeline.status import Books
from pipeline.tally import StageTally, Tally
from schemas.errors import SetupError


@dataclass(frozen=True)
class Request:
    sources: tuple[str, ...]
    work: WorkFolder
    settings: Settings
    jobs: int | None = None
    limit: int | None = None
    until: str | None = None
    retry_failed: bool = False
    rehash: bool = False
    debug: bool = False


@dataclass(frozen=True)
class Built:
    chain: Chain
    books: Books
    worked: int  # outcomes of this run; 0: everything was done before
    unseen: int  # failures that nobody accepted
    submitted: int = 0  # calls to chat models that went off in batches
    waiting: int = 0  # such calls of earlier builds that have no answer yet


def build(request: Request) -> Built:
    """Raises SetupError when the run cannot start or go on; broken files are in the books."""
    work = request.work
    _check_place(request)
    _check_disk(work)
    settings = with_face_engine(request.settings, os.environ)
    with locked(work), open_log(work) as log, shown_progress() as listen:
        log.info("build %s", " ".join(map(str, request.sources)))
        catalog = catalog_of(request, listen)
        if not catalog.failures and all(file.kind == "other" for file in catalog.files):
            raise SetupError(_nothing_found(request, catalog))
        catalog.save(work.catalog)
        save_run(work, LastRun(request.sources, settings))
        batches = add_batches(work, catalog.videos.values())
        chain = Chain(work, settings, catalog)
        done = _work(request, chain, batches, log, listen)
        books = books_of(chain)
        log.info("build ended: %d outcomes", done.worked)
    unseen = len(unseen_problems(chain)) if books.failed else 0
    return Built(chain, books, done.worked, unseen, done.submitted, done.waiting)


def _nothing_found(request: Request, catalog: Catalog) -> str:
    what = f"but {len(catalog.files)} files of other kinds" if catalog.files else "nor any file"
    return (
        f"{' '.join(request.sources)}: no film or picture among them, {what}; merr takes "
        "mp4 m4v mov mkv avi webm flv, and jpg jpeg png webp bmp"
    )


def _check_place(request: Request) -> None:
    """Before anything is written: what is in a work folder is no source any more."""
    root = request.work.root.resolve()
    for source in request.sources:
        if Path(source).is_dir() and Path(source).resolve() == root:
            raise SetupError(
                f"--work {request.work.root}: is the folder of the videos itself; give another one"
            )


def _check_disk(work: WorkFolder) -> None:
    try:
        work.root.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SetupError(f"{work.root}: cannot be made: {e.strerror}") from e
    if not os.access(work.root, os.W_OK):
        raise SetupError(f"{work.root}: cannot be written; choose another --work")


def check_engines(settings: Settings) -> None:
    """The keys have asked for packages and models in this environment; this asks for others."""
    from flows.whisperx_env import whisperx_found

    if settings.tone.engine == "prosody":
        weight_path(PITCH, "swift_f0")
    if settings.speech.engine == "whisperx" and whisperx_found(settings.run.whisperx) is None:
        raise SetupError("whisperx: is not installed; run `merr engines install whisperx`")


def catalog_of(request: Request, listen: Listen) -> Catalog:
    found = find_files(request.sources)
    with HashCache(request.work.hashes) as cache:
        files, failures = hash_files(
            found.files,
            cache,
            rehash=request.rehash,
            progress=lambda done, total: listen("hash", StageTally(expected=total, done=done)),
        )
    read = read_given(files, request.settings.given, places=found.places)
    catalog = Catalog(
        FoundFiles(files),
        read.given,
        read.rejections,
        (*found.failures, *failures, *read.failures),
    )
    if request.limit is None:
        return catalog
    left_out = list(catalog.videos)[request.limit :]
    return replace(catalog, left_out=frozenset(left_out))


@dataclass(frozen=True)
class _Done:
    worked: int = 0  # outcomes
    submitted: int = 0
    waiting: int = 0


def _work(
    request: Request,
    chain: Chain,
    batches: Sequence[Batch],
    log: logging.Logger,
    listen: Listen,
) -> _Done:
    """With nothing to do neither Prefect nor a worker starts."""
    books = books_of(chain)
    if not books.to_do(until=request.until, retry_failed=request.retry_failed):
        return _Done()
    check_face_models(chain.settings)  # what is missing stops the run before anything starts
    check_engines(chain.settings)
    sys.stderr.write(f"videos found: {books.files['videos']}; starting Prefect, then the work\n")
    from flows.build_flow import run_build
    from pipeline.build import Build

    prepare_prefect(chain.work.root / "prefect", debug=request.debug)
    settings = request.settings.run
    slots = request.jobs or settings.jobs or jobs_for(chain.settings, os.cpu_count() or 1)
    with (
        WorkerPool(slots, log=chain.work.log, memory_gb=settings.worker_memory_gb) as pool,
        prefect_api(chain.work.log),
        talking(chain.work, request.settings) as talked,
    ):
        tally = Tally(listen)
        build = Build(chain, pool, tally, log.info, request.retry_failed, talked.talk)
        live = [b for b in batches if any(v in chain.catalog.videos for v in b.video_ids)]
        run_build(build, live, until=request.until)
    return _Done(tally.worked, talked.submitted, talked.running)
