"""Publishing: an immutable folder, whole or not there, under name and version."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from pipeline.books_table import book_rows, check_balance, counted, found_at_source
from pipeline.card import write_card
from pipeline.chain import Chain
from pipeline.consensus import Opinions
from pipeline.contents import candidates, released_clips, released_imports
from pipeline.digests import release_digest, sha256_of
from pipeline.feature_books import pending_features
from pipeline.feature_tables import TABLE as FEATURES
from pipeline.feature_tables import write_features
from pipeline.folding import fold
from pipeline.index import CountIndex
from pipeline.licences import engines_used, whole_licence
from pipeline.people import PeopleSaw, people_saw
from pipeline.release_folder import MANIFEST, alone, read_manifest, show, tidy, unfinished_folder
from pipeline.release_recipe import named_feature_parts, recipe_of
from pipeline.release_report import ReportCollector
from pipeline.release_tables import PEOPLE_TABLES, TABLES, ReleaseTables
from pipeline.selection import leave_out
from pipeline.status import keep_books
from pipeline.versions import check_order, check_step, check_version, latest_before
from schemas.arrow import SCHEMA_VERSION
from schemas.errors import SetupError
from schemas.release import Manifest, Outcome, ReleaseFile
from schemas.review import PersonSaid

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Published:
    folder: Path
    manifest: Manifest
    new: bool  # False: the same release was there already


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
    with alone(folder):
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
    if waiting := pending_features(chain):
        raise SetupError(
            f"{chain.work.root}: features of {waiting} are not made yet; run `merr features` "
            "again, or publish what is there with --unfinished"
        )
    if not books.stages["coarse"].done and not chain.imports.coarse:
        raise SetupError(
            f"{chain.work.root}: no clip has a sample, so there is nothing to publish; "
            "`merr status` says why"
        )


def _publish(chain: Chain, opinions: Opinions, folder: Path, *, replace: bool) -> Published:
    tidy(folder)
    recipe = recipe_of(chain, opinions, folder)
    if folder.exists():
        old = read_manifest(folder)
        if old.recipe == recipe:
            return Published(folder, old, new=False)
    with unfinished_folder(folder) as scratch:
        manifest = _write(chain, opinions, scratch, folder, recipe)
        if folder.exists() and not replace:
            _refuse_other_rows(folder, manifest)
            return Published(folder, read_manifest(folder), new=False)
        show(scratch, folder)
    return Published(folder, manifest, new=True)


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
    tables = ReleaseTables(chain, scratch, folded)
    report = ReportCollector(chain.settings.publish.seed, folded)
    for shard in chain.shards():
        for clip in released_clips(chain, shard, without_fine=set(left_out), folded=folded):
            report.add(clip, tables.add(clip), shard)
    for imported in released_imports(chain, without_fine=set(left_out), folded=folded):
        report.add_imported(imported, tables.add_imported(imported))
    outcomes = list(book_rows(chain, left_out))
    tables.finish(outcomes)
    write_features(chain, scratch / FEATURES, tables.splits)
    saw = people_saw(tables.samples, folded.values())
    return _finish(chain, scratch, folder, recipe, report, outcomes, saw)


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
        parts=(*chain.part_names(), *(name for name, _ in named_feature_parts(chain))),
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
