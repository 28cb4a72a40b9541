"""Publishing: an immutable folder, whole or not there, under name and version."""

import fcntl
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from pipeline.books_table import book_rows, check_balance, counted, found_at_source
from pipeline.card import write_card
from pipeline.chain import Chain
from pipeline.consensus import Opinions
from pipeline.contents import ReleasedClip, candidates, released_clips, released_imports
from pipeline.digests import release_digest, sha256_of
from pipeline.fates import clip_fates
from pipeline.folding import FoldedClip, fold
from pipeline.imported import ImportedClip
from pipeline.index import CountIndex
from pipeline.instructions import instruct
from pipeline.keys import digest
from pipeline.licences import engines_used, whole_licence
from pipeline.people import PeopleSaw, people_saw
from pipeline.release_report import ReportCollector
from pipeline.selection import leave_out
from pipeline.split import split_of
from pipeline.stages import words_digest
from pipeline.status import keep_books
from pipeline.tables import TableWriter
from pipeline.versions import check_order, check_step, check_version, latest_before
from schemas.arrow import SCHEMA_VERSION
from schemas.errors import SetupError
from schemas.instruction import InstructionSample
from schemas.record import ClipRecord, ReleasedCoarse, ReleasedFine
from schemas.release import Manifest, Outcome, ReleaseFile
from schemas.review import PersonSaid, SampleReview
from schemas.sample import CoarseSample, FineSample
from schemas.units import Row

PUBLISH_VERSION: Final = "1"
MANIFEST: Final = "manifest.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLACE: Final = {"source", "location"}  # where a file lies decides no row
_LAY: Final = {"json_file", "lists", "transcripts"}
TABLES: Final[dict[str, type[Row]]] = {
    "coarse": ReleasedCoarse,
    "fine": ReleasedFine,
    "instructions": InstructionSample,
    "evidence": ClipRecord,
    "books": Outcome,
}
PEOPLE_TABLES: Final[dict[str, type[Row]]] = {"reviews": SampleReview}  # only where there are any


@dataclass(frozen=True)
class Published:
    folder: Path
    manifest: Manifest
    new: bool  # False: the same release was there already


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise SetupError(f"{folder}: is not a release: it holds no {MANIFEST}") from None
    except ValueError as e:
        raise SetupError(f"{path}: is damaged: {str(e).splitlines()[0]}") from e


def publish(
    chain: Chain,
    *,
    to: Path,
    name: str,
    version: str,
    replace: bool = False,
    unfinished: bool = False,
    said: Sequence[PersonSaid] = (),
) -> Published:
    """Write the release `to/name/version`. Doing it again with equal rows does nothing; with
    other rows it is refused with SetupError (publish a new version, or `replace`). So is a build
    that is not at its end or gave no sample, unless `unfinished`. `said`: what people said of the
    samples, in the order they said it."""
    check_version(version)
    _check_place(to, name)
    _check_contents(chain, unfinished=unfinished)
    folder = to / name / version
    check_order(folder, replace=replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        return _publish(chain, Opinions(tuple(said)), folder, replace=replace)


def _check_place(to: Path, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise SetupError(
            f"--name {name!r}: a name is made of letters, digits, '.', '_' and '-', and begins "
            "with a letter or digit"
        )
    for folder in (to, *to.absolute().parents):
        if (folder / MANIFEST).exists():
            raise SetupError(f"--to {to}: lies in the release {folder}; choose another folder")


def _check_contents(chain: Chain, *, unfinished: bool) -> None:
    if unfinished:
        return
    books = keep_books(chain, CountIndex.open(chain.work.index))
    if books.pending:
        raise SetupError(
            f"{chain.work.root}: {books.pending} videos or clips are still pending; let "
            "`merr build` come to its end, or publish what is there with --unfinished"
        )
    if not books.stages["coarse"].done and not chain.imports.coarse:
        raise SetupError(
            f"{chain.work.root}: no clip has a sample, so there is nothing to publish; "
            "`merr status` says why"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publish of a name at a time, also out of several work folders."""
    handle = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SetupError(f"{folder.parent}: another merr publishes here; wait for it") from None
    finally:
        os.close(handle)


def _publish(chain: Chain, opinions: Opinions, folder: Path, *, replace: bool) -> Published:
    _tidy(folder)
    recipe = _recipe(chain, opinions, folder)
    if folder.exists():
        old = read_manifest(folder)
        if old.recipe == recipe:
            return Published(folder, old, new=False)
    with _unfinished(folder) as scratch:
        manifest = _write(chain, opinions, scratch, folder, recipe)
        if folder.exists() and not replace:
            _refuse_other_rows(folder, manifest)
            return Published(folder, read_manifest(folder), new=False)
        _show(scratch, folder)
    return Published(folder, manifest, new=True)


def _recipe(chain: Chain, opinions: Opinions, folder: Path) -> str:
    """Digest of everything that decides a release; equal recipes need not be cooked twice."""
    said = [one.model_dump(mode="json") for one in opinions.said]
    return digest(
        {
            "publish": PUBLISH_VERSION,
            "name": f"{folder.parent.name}/{folder.name}",
            "parts": list(chain.part_names()),
            "counts": [repr(row) for row in _fallen(chain)],
            "settings": chain.settings.publish.model_dump(mode="json"),
            "vocabulary": vars(chain.vocabulary),
            "prompts": words_digest("prompts/instructions.toml"),
            "files": [f.model_dump(mode="json", exclude=_PLACE) for f in chain.catalog.files],
            "problems": [p.reason for p in chain.catalog.problems],
            "failures": [f.reason for f in chain.catalog.failures],
            "imports": [f.model_dump(mode="json", exclude=_LAY) for f in chain.imports.files],
        }
        | ({"said": said} if said else {})
    )


def _fallen(chain: Chain) -> Iterator[tuple[str, str, str | None]]:
    """Videos without clips, and clips that are not in the fine tier: a healed failure changes a
    release but no key."""
    for batch in chain.batches():
        for fallen in (*chain.videos(batch).fallen, *chain.cuts(batch).fallen):
            yield fallen.id, fallen.stage, fallen.reason
    for shard in chain.shards():
        for clip_id, fate in clip_fates(chain, shard).items():
            if fate.tier != "fine":
                yield clip_id, fate.state, fate.reason


def _tidy(folder: Path) -> None:
    """What a publish that was killed left: the release it was about to replace comes back, the
    rest goes. Two at once are kept apart by the lock."""
    if _aside(folder).exists() and not folder.exists():
        _aside(folder).rename(folder)
    for left in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(left)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced.tmp")


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A folder beside the release to write in; gone when the release is there or failed."""
    scratch = folder.parent / f".{folder.name}.{os.getpid()}.tmp"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _show(scratch: Path, folder: Path) -> None:
    """One rename makes the release visible; a replaced one is moved aside first."""
    for path in (*sorted(scratch.rglob("*")), scratch):
        _fsync(path)
    if folder.exists():
        folder.rename(_aside(folder))
        scratch.rename(folder)
        shutil.rmtree(_aside(folder))
    else:
        scratch.rename(folder)
    _fsync(folder.parent)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_other_rows(folder: Path, manifest: Manifest) -> None:
    old = read_manifest(folder)
    if old.digest != manifest.digest:
        raise SetupError(
            f"{folder} is published with digest {old.digest[:12]} and this would be "
            f"{manifest.digest[:12]}: releases do not change; give a new --version"
        )


def _write(chain: Chain, opinions: Opinions, scratch: Path, folder: Path, recipe: str) -> Manifest:
    folded = fold(chain, opinions)
    left_out = leave_out(candidates(chain, folded), chain.settings.publish)
    left_out |= {i: clip.left_out for i, clip in folded.items() if clip.left_out is not None}
    pictures = chain.settings.publish.media != "reference"
    tables = {
        name: TableWriter(scratch / name, row, pictures=pictures)
        for name, row in (TABLES | PEOPLE_TABLES).items()
    }
    report = ReportCollector(chain.settings.publish.seed, folded)
    settings = chain.settings.publish
    for shard in chain.shards():
        for clip in released_clips(chain, shard, without_fine=set(left_out), folded=folded):
            split = split_of(settings.seed, clip.clip.video_id, settings.shares)
            _add_clip(chain, tables, clip, split)
            _add_reviews(tables, folded, clip.clip.clip_id, split)
            report.add(clip, split, shard)
    for imported in released_imports(chain, without_fine=set(left_out), folded=folded):
        split = split_of(settings.seed, imported.coarse.video_id, settings.shares)
        _add_imported(chain, tables, imported, split)
        _add_reviews(tables, folded, imported.coarse.clip_id, split)
        report.add_imported(imported, split)
    outcomes = list(book_rows(chain, left_out))
    for outcome in outcomes:
        tables["books"].add("outcomes", outcome)  # "all" is a word of the hub's own
    for table in tables.values():
        table.finish()
    saw = people_saw(tables["coarse"].rows + tables["fine"].rows, folded.values())
    return _finish(chain, scratch, folder, recipe, report, outcomes, saw)


def _add_reviews(
    tables: dict[str, TableWriter], folded: Mapping[str, FoldedClip], clip_id: str, split: str
) -> None:
    for review in folded[clip_id].reviews if clip_id in folded else ():
        tables["reviews"].add(split, review)


def _add_clip(chain: Chain, tables: dict[str, TableWriter], clip: ReleasedClip, split: str) -> None:
    tables["coarse"].add(split, clip.coarse_row())
    tables["evidence"].add(split, clip.record(chain.settings.publish.media))
    fine = clip.fine_row()
    if fine is not None:
        tables["fine"].add(split, fine)
    _add_instructions(chain, tables, (clip.coarse, clip.fine), clip.coarse.text, split)


def _add_imported(
    chain: Chain, tables: dict[str, TableWriter], clip: ImportedClip, split: str
) -> None:
    tables["coarse"].add(split, clip.coarse)
    tables["evidence"].add(split, clip.record())
    if clip.fine is not None:
        tables["fine"].add(split, clip.fine)
    _add_instructions(chain, tables, (clip.coarse, clip.fine), clip.coarse.text, split)


def _add_instructions(
    chain: Chain,
    tables: dict[str, TableWriter],
    samples: Iterable[CoarseSample | FineSample | None],
    text: str | None,
    split: str,
) -> None:
    for sample in samples:
        if sample is not None:
            seed = chain.settings.publish.seed
            for row in instruct(sample, text, chain.vocabulary, seed):
                tables["instructions"].add(split, row)


def _finish(
    chain: Chain,
    scratch: Path,
    folder: Path,
    recipe: str,
    report: ReportCollector,
    outcomes: Sequence[Outcome],
    people: PeopleSaw | None,
) -> Manifest:
    states, rejected, failed = counted(outcomes)
    found = found_at_source(chain)
    check_balance(found, states)
    engines = engines_used(chain)
    before = _before(folder)
    draft = Manifest(
        name=folder.parent.name,
        version=folder.name,
        schema_version=SCHEMA_VERSION,
        recipe=recipe,
        digest="",
        parent=None if before is None else before[1].digest,
        vocabulary=chain.vocabulary.name,
        files=(),
        rows={},
        found=found,
        states=states,
        rejected=rejected,
        failed=failed,
        parts=tuple(chain.part_names()),
        media=chain.settings.publish.media,
        engines=engines,
        source_licence=chain.settings.publish.source_licence,
        licence=whole_licence(chain.settings.publish.source_licence, engines),
    )
    report.write(scratch / "report.html", draft, outcomes, chain, people)
    files = _listed(scratch)
    rows = Counter[str]()
    for file in files:
        if file.rows is not None:
            rows[file.path.split("/")[0]] += file.rows
    named = (*TABLES, *(name for name in PEOPLE_TABLES if rows[name]))
    draft = draft.model_copy(update={"rows": {name: rows[name] for name in named}})
    write_card(scratch / "README.md", draft, [file.path for file in files], people)
    files = _listed(scratch)
    manifest = draft.model_copy(update={"files": files})
    manifest = manifest.model_copy(update={"digest": release_digest(manifest)})
    if before is not None:
        check_step(folder, (scratch, manifest), before)
    (scratch / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
    return manifest


def _before(folder: Path) -> tuple[Path, Manifest] | None:
    """The release that this one follows."""
    before = latest_before(folder)
    return None if before is None else (before, read_manifest(before))


def _listed(scratch: Path) -> tuple[ReleaseFile, ...]:
    return tuple(
        ReleaseFile(
            path=path.relative_to(scratch).as_posix(),
            sha256=sha256_of(path),
            size_bytes=path.stat().st_size,
            rows=pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None,
        )
        for path in sorted(scratch.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    )
