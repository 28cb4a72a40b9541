"""`merr features`: encoders over the clips of a work folder, or features that others made."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from annotators.feature_settings import FeatureSettings
from annotators.features import Encode
from flows.progress import shown_progress
from flows.session import locked, open_chain, open_log
from pipeline.chain import Chain
from pipeline.feature_books import SlotBooks, feature_failures, keep_feature_books
from pipeline.feature_encoders import load_encoder
from pipeline.feature_import import FeatureImport, Imported, read_folders
from pipeline.feature_lots import FeatureChain
from pipeline.feature_sources import FeatureLedger, FeatureSource, find_sources
from pipeline.featuring import Featuring
from pipeline.hashes import HashCache, hash_file
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.sources import shown
from pipeline.tally import Tally
from schemas.errors import SetupError
from schemas.failure import Failure

SHOWN_FAILURES: Final = 20
SHOWN_UNUSED: Final = 5
NO_ENCODER: Final = (
    "no encoder is chosen: every features.*.engine is none; set one, e.g. "
    "--set features.audio.engine=hubert"
)


@dataclass(frozen=True)
class Featured:
    """What `merr features` did, and how all slots of the work folder stand."""

    chain: Chain
    books: list[SlotBooks]
    failures: list[Failure]
    worked: int  # outcomes of this run; of imports parts
    imported: list[Imported] = field(default_factory=list)
    grids: list[Path] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(books.failed.total() for books in self.books)


def make_features(
    work: WorkFolder,
    settings: FeatureSettings | None = None,
    *,
    jobs: int | None = None,
    retry_failed: bool = False,
) -> Featured:
    """Brings the slots whose engine is not `none` to completion. `settings`: None for those of the
    last build. SetupError where an encoder is not here; nothing is loaded when nothing is to do."""
    with locked(work), open_log(work) as log:
        chain = open_chain(work)
        chosen = settings or chain.settings.features
        log.info("features %s", chosen.model_dump_json())
        with HashCache(work.hashes) as cache:
            sources = find_sources(chosen, partial(_digest_of, cache))
            if not sources:
                raise SetupError(NO_ENCODER)
            load = partial(_load, chosen, partial(_digest_of, cache))
            run = _Run(chain, sources, chosen, load, log.info, jobs, retry_failed)
            ledger, worked = run.finish()
        log.info("features ended: %d outcomes", worked)
        return _featured(chain, ledger, worked)


def import_features(
    work: WorkFolder,
    folders: Sequence[str],
    *,
    keep_frames: bool = False,
    retry_failed: bool = False,
) -> Featured:
    """From `slot=folder` of .npy files. SetupError where one is no folder of features; then
    nothing changes."""
    with locked(work), open_log(work) as log:
        chain = open_chain(work)
        log.info("features --npy %s", " ".join(folders))
        features = FeatureChain(chain)
        given = list(read_folders(folders, keep_frames=keep_frames))
        for folder in given:
            _ = folder.width  # looks into all of them before anything is written
        imported = [FeatureImport(features, f, retry_failed).run() for f in given]
        ledger = FeatureLedger.load(work).with_sources([found.source for found in imported])
        ledger.save(work)
        done = _featured(chain, ledger, sum(found.made for found in imported))
        return Featured(done.chain, done.books, done.failures, done.worked, imported, done.grids)


def _load(
    settings: FeatureSettings, digest_of: Callable[[Path], str], source: FeatureSource
) -> Encode:
    return load_encoder(source, settings, digest_of)


def _digest_of(cache: HashCache, path: Path) -> str:
    """sha256, remembered by place, size and time: weights are gigabytes."""
    real = path.resolve()
    info = real.stat()
    known = cache.get(str(real), info.st_size, info.st_mtime_ns)
    if known is not None:
        return known
    hashed = hash_file(str(real))
    cache.put([hashed])
    return hashed.sha256


@dataclass(frozen=True)
class _Run:
    chain: Chain
    sources: Sequence[FeatureSource]
    settings: FeatureSettings
    load: Callable[[FeatureSource], Encode]
    log: Callable[[str], None]
    jobs: int | None
    retry_failed: bool

    def finish(self) -> tuple[FeatureLedger, int]:
        """The ledger is written when every encoder is there and before the first part is, so that
        publish knows of a run that was killed."""
        work, run = self.chain.work, self.chain.settings.run
        slots = self.jobs or run.jobs or len(os.sched_getaffinity(0))
        with (
            shown_progress() as listen,
            WorkerPool(slots, log=work.log, memory_gb=run.worker_memory_gb) as pool,
        ):
            tally = Tally(listen)
            featuring = Featuring(
                FeatureChain(self.chain),
                self.sources,
                self.settings,
                self.load,
                pool,
                tally,
                self.log,
                self.retry_failed,
            )
            tasks = featuring.tasks()
            featuring.prepare(tasks)
            ledger = FeatureLedger.load(work).with_sources(self.sources)
            ledger.save(work)
            featuring.run(tasks)
            return ledger, tally.worked


def _featured(chain: Chain, ledger: FeatureLedger, worked: int) -> Featured:
    features = FeatureChain(chain)
    return Featured(
        chain,
        keep_feature_books(features, ledger.sources),
        list(feature_failures(features, ledger.sources)),
        worked,
        grids=[features.grid_folder(s) for s in ledger.sources if s.grid],
    )


# ---- words


def featured_text(done: Featured) -> str:
    lines = [
        f"{'slot':<8}{'entered':>9}{'done':>8}{'rejected':>10}{'failed':>8}{'pending':>9}  encoder"
    ]
    for books in done.books:
        lines.append(
            f"{books.slot:<8}{books.entered:>9}{books.done:>8}{books.rejected.total():>10}"
            f"{books.failed.total():>8}{books.pending:>9}  {books.encoder}"
        )
    lines += [f"  {b.slot}: {told}" for b in done.books if (told := _fell(b))]
    lines += _failure_lines(done)
    lines += [line for found in done.imported for line in _unused(found)]
    lines += [f"patch grids are in {folder}" for folder in done.grids]
    if not done.worked:
        lines.append("nothing to do: all of it was done before")
    return "\n".join(lines)


def featured_json(done: Featured) -> dict[str, Any]:
    return {
        "slots": [books.as_json() for books in done.books],
        "failures": [failure.model_dump(mode="json") for failure in done.failures],
        "missing": _missing(done),
        "unused_files": {found.source.slot: found.unused for found in done.imported},
        "worked": done.worked,
    }


def _missing(done: Featured) -> dict[str, list[str]]:
    """Slot -> names of the clips that have no file."""
    slots = {found.source.slot: found.missing for found in done.imported}
    return {slot: list(names) for slot, names in slots.items()}


def _fell(books: SlotBooks) -> str:
    told = [f"{count} {rule}" for rule, count in sorted((books.rejected + books.failed).items())]
    if books.without_media:
        told.append(f"{books.without_media} imported clips have no video; --npy takes their files")
    return ", ".join(told)


def _failure_lines(done: Featured) -> list[str]:
    lines = [
        f"failed: {_name(done.chain, failure.id)}: {failure.stage}: {shown(failure.reason)}"
        for failure in done.failures[:SHOWN_FAILURES]
    ]
    more = len(done.failures) - SHOWN_FAILURES
    return [*lines, f"and {more} more"] if more > 0 else lines


def _name(chain: Chain, clip_id: str) -> str:
    names = chain.names_of(clip_id)
    if names:
        return shown(names[0])
    imported = (row.name for row in chain.imports.coarse if row.clip_id == clip_id)
    return shown(next(imported, clip_id))


def _unused(found: Imported) -> list[str]:
    lines = []
    for what, names in (
        ("clips have no file", found.missing),
        ("files belong to no clip", found.unused),
    ):
        if names:
            first = ", ".join(shown(name) for name in names[:SHOWN_UNUSED])
            rest = "; --json lists all" if len(names) > SHOWN_UNUSED else ""
            lines.append(f"{found.source.slot}: {len(names)} {what}: {first}{rest}")
    return lines
