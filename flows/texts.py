"""The books and a release in words, for a terminal."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from pipeline.import_books import ImportBooks
from pipeline.import_fates import held
from pipeline.sources import shown
from pipeline.status import Books, StageBooks
from schemas.failure import Failure, Rejection
from schemas.norms import Norms

if TYPE_CHECKING:  # `merr status` says its books without them
    from flows.building import Built
    from pipeline.release import Published

_MOST_SHOWN: Final = 12
_CLASSES: Final = {"all": "clips", "low": "with a low voice", "high": "with a high voice"}


def built_text(built: "Built") -> str:
    """What a build says at its end."""
    lines = [books_text(built.books), ""]
    lines.append(
        f"{built.worked} results made" if built.worked else "nothing to do: all of it was done"
    )
    lines += _hints(built.books)
    lines += _waiting(built)
    if built.unseen:
        work = quote(str(built.chain.work.root))
        lines.append(
            f"{built.unseen} failed: `merr status {work}` says why, `merr accept {work}` marks "
            "them as seen"
        )
    return "\n".join(lines)


def norms_text(norms: Norms, path: Path, *, new: bool) -> str:
    """What was frozen, and how to use it."""
    classes = ", ".join(f"{found.clips} {_CLASSES[found.name]}" for found in norms.classes)
    return (
        f"{'wrote' if new else 'nothing to do: there already is'} {path}: norms of {norms.engine} "
        f"over {classes}; sha256 {norms.digest[:16]}\n"
        f"use them: merr build ... --set tone.engine={norms.engine} --set tone.norms={path}"
    )


def _waiting(built: "Built") -> Iterator[str]:
    if built.submitted:
        yield (
            f"{built.submitted} calls submitted in batches; run merr build again, with the same "
            "options, to collect the answers (within a day)"
        )
    if built.waiting:
        yield f"{built.waiting} calls of earlier builds still wait in batches"


def _hints(books: Books) -> Iterator[str]:
    """What a newcomer would ask next."""
    if not books.stages["label"].rejected["no_label"] or books.stages["label"].done:
        return
    if books.labels:
        yield (
            "no clip has a label, so there are no samples; the lines of labels that were given "
            "fit nothing: `merr status` says why"
        )
    else:
        yield (
            "no clip has a label, so there are no samples: put a labels.csv (name,label) beside "
            "the videos, or name one with --set given.labels=FILE"
        )


def problems_text(
    failures: Sequence[Failure],
    unused: Sequence[Rejection | Failure],
    names: Callable[[str], list[str]],
    work: Path,
) -> str:
    """The failures that nobody accepted and the lines of tables that came to nothing, one line
    each; videos and clips by the names of their files."""
    failed = [
        f"{f.subject} {', '.join(names(f.id) or [f.id])}: {f.stage}: {f.reason} [{f.error}]"
        for f in failures
    ]
    lines = [f"{item.id}: {item.reason}" for item in unused if isinstance(item, Rejection)]
    return "\n".join([*_shortened(failed, work), *_shortened(lines, work)])


def _shortened(lines: list[str], work: Path) -> list[str]:
    more = len(lines) - _MOST_SHOWN
    if more > 0:
        told = f"and {more} more: `merr status {quote(str(work))} --json` lists all"
        lines = [*lines[:_MOST_SHOWN], told]
    return ["", *map(shown, lines)] if lines else []  # names are foreign: none may steer a terminal


def published_text(published: "Published") -> str:
    manifest = published.manifest
    rows = ", ".join(f"{count} {table}" for table, count in manifest.rows.items())
    verb = "published" if published.new else "already published, nothing to do:"
    return (
        f"{verb} {manifest.name} {manifest.version} at {published.folder}\n"
        f"rows: {rows}\nlicence: {manifest.licence}\n"
        f"report: {published.folder / 'report.html'}"
    )


def books_text(books: Books) -> str:
    imports = () if books.imports is None else tuple(_imports(books.imports))
    if imports and not books.files["found"]:  # nothing was built here
        return "\n".join(imports)
    parts = (*_files(books), "", *_stages(books), *_labels(books))
    return "\n".join((*parts, *(("", *imports) if imports else ())))


def _imports(books: ImportBooks) -> Iterator[str]:
    for file in books.files:
        yield f"imported {shown(file.name)}: {held(file)}"
    yield f"  {books.clips} clips by name, without video: {books.coarse} coarse, {books.fine} fine"
    for words, counts in (
        ("rejected", books.rejected),
        ("entries without a fine sample", books.without_fine),
        ("flags of rows", books.flags),
    ):
        if counts:
            yield f"  {words}: " + ", ".join(_counted(counts))


def _files(books: Books) -> Iterator[str]:
    f = books.files
    yield f"{f['found']} file{'' if f['found'] == 1 else 's'} found"
    yield f"  {f['videos']} video{'' if f['videos'] == 1 else 's'}"
    for name, words in (
        ("duplicates", "other names of the same bytes"),
        ("other_kind", "of another kind"),
        ("unreadable", "could not be read"),
        ("left_out", "left out by --limit"),
    ):
        if f[name]:
            yield f"  {f[name]} {words}"


def _stages(books: Books) -> Iterator[str]:
    yield f"{'stage':<10}{'in':>8}{'done':>8}{'rejected':>10}{'failed':>8}{'pending':>9}"
    for stage in books.stages.values():
        yield (
            f"{stage.stage:<10}{stage.entered:>8}{stage.done:>8}{stage.rejected.total():>10}"
            f"{stage.failed.total():>8}{stage.pending:>9}{_reasons(stage)}"
        )


def _reasons(stage: StageBooks) -> str:
    parts = [*_counted(stage.rejected), *_counted(stage.failed)]
    return "   " + ", ".join(parts) if parts else ""


def _counted(counts: Counter[str]) -> Iterator[str]:
    for name, count in counts.most_common():
        yield f"{name} {count}"


def _labels(books: Books) -> Iterator[str]:
    if books.labels:
        yield ""
        yield "given, but not used: " + ", ".join(_counted(books.labels))
