"""`merr import`: files of other makers into a work folder, where publish finds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.session import LastRun, load_run, locked, open_chain, open_log, save_run
from flows.texts import books_text, problems_text
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.cleanup import VERSION, dirt_in
from pipeline.found_files import FoundFiles
from pipeline.given import Given
from pipeline.imports import Imports
from pipeline.index import CountIndex
from pipeline.layout import WorkFolder
from pipeline.merr_import import MerrFiles
from pipeline.merr_samples import DirtFinder
from pipeline.settings import Settings
from pipeline.status import keep_books
from schemas.errors import SetupError
from schemas.label import load_vocabulary


@dataclass(frozen=True)
class ImportedNow:
    chain: Chain
    made: bool  # False: all of it was imported before


def import_merr(work: WorkFolder, files: Sequence[MerrFiles], settings: Settings) -> ImportedNow:
    """SetupError when a file is not MERR's; then nothing changes."""
    vocabulary = load_vocabulary(settings.given.vocabulary)
    with locked(work), open_log(work) as log:
        _check_vocabulary(work, settings)
        log.info("import %s", " ".join(str(file.json_file) for file in files))
        imports, made = Imports(work).add(files, settings, vocabulary, DirtFinder(VERSION, dirt_in))
        _keep_settings(work, settings)
        log.info("import ended: %d clips", len(imports.coarse))
    return ImportedNow(open_chain(work), made)


def _built(work: WorkFolder) -> bool:
    return work.run.exists() and bool(load_run(work).sources)


def _check_vocabulary(work: WorkFolder, settings: Settings) -> None:
    if not _built(work):
        return
    theirs, ours = load_run(work).settings.given.vocabulary, settings.given.vocabulary
    if theirs != ours:
        raise SetupError(
            f"{work.root}: was built with the vocabulary {theirs}, this import asks for {ours}; "
            f"say --set given.vocabulary={theirs}, or take another --work"
        )


def _keep_settings(work: WorkFolder, settings: Settings) -> None:
    """Where nothing was built, publish and status speak of the import's settings: without media,
    for there is none."""
    if _built(work):
        return
    if not work.catalog.exists():
        Catalog(FoundFiles(), Given(videos={})).save(work.catalog)
    publish = settings.publish.model_copy(update={"media": "reference"})
    save_run(work, LastRun((), settings.model_copy(update={"publish": publish})))


def imported_text(done: ImportedNow, work: Path) -> str:
    books = keep_books(done.chain, CountIndex.open(done.chain.work.index))
    lines = [books_text(books), problems_text([], done.chain.imports.unused, lambda _: [], work)]
    if not done.made:
        lines.append("nothing to do: all of it was imported")
    return "\n".join(line for line in lines if line)
