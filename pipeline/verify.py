"""Verifying a release: recount, rehash, and look for what does not belong."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.books_table import counted
from pipeline.digests import release_digest, sha256_of
from pipeline.release_folder import MANIFEST, read_manifest
from pipeline.release_tables import PEOPLE_TABLES, TABLES
from schemas.arrow import SCHEMA_VERSION
from schemas.parquet import read_column, read_rows
from schemas.release import Manifest, Outcome, ReleaseFile


def verify(folder: Path) -> list[str]:
    """Everything wrong with a release, one sentence each; empty when it is whole.

    SetupError when the folder is no release at all.
    """
    manifest = read_manifest(folder)
    faults = [*_other_major(manifest), *_strangers(folder, manifest)]
    for file in manifest.files:
        faults += _file_faults(folder, file)
    if release_digest(manifest) != manifest.digest:
        faults.append(f"{MANIFEST}: its digest is not that of what it says")
    if not faults:
        faults += [*_count_faults(folder, manifest), *_book_faults(folder, manifest)]
    return faults


def _other_major(manifest: Manifest) -> Iterator[str]:
    if manifest.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        yield f"schema {manifest.schema_version}; this merr reads {SCHEMA_VERSION}"


def _strangers(folder: Path, manifest: Manifest) -> Iterator[str]:
    listed = {file.path for file in manifest.files} | {MANIFEST}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in listed:
            yield f"{name}: is not in the manifest"


def _file_faults(folder: Path, file: ReleaseFile) -> Iterator[str]:
    path = folder / file.path
    if not path.is_file():
        yield f"{file.path}: is missing"
    elif path.stat().st_size != file.size_bytes:
        yield f"{file.path}: {path.stat().st_size} bytes, the manifest says {file.size_bytes}"
    elif sha256_of(path) != file.sha256:
        yield f"{file.path}: its sha256 is not that of the manifest"
    elif file.rows is not None:
        yield from _row_faults(path, file)


def _row_faults(path: Path, file: ReleaseFile) -> Iterator[str]:
    try:
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as e:
        yield f"{file.path}: cannot be read: {str(e).splitlines()[0]}"
        return
    if rows != file.rows:
        yield f"{file.path}: {rows} rows, the manifest says {file.rows}"


def _count_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    rows = Counter[str]()
    for file in manifest.files:
        if file.rows is not None:
            rows[file.path.split("/")[0]] += file.rows
    for table in TABLES | PEOPLE_TABLES:
        if rows[table] != manifest.rows.get(table, 0):
            yield f"{table}: {rows[table]} rows, the manifest says {manifest.rows.get(table, 0)}"
    coarse = _ids(folder, "coarse")
    for table in ("fine", "evidence", "instructions", "features", *PEOPLE_TABLES):
        lost = _ids(folder, table) - coarse
        if lost:
            yield f"{table}: {len(lost)} clips have no coarse sample, e.g. {min(lost)}"


def _ids(folder: Path, table: str) -> set[str]:
    return {
        clip_id
        for path in (folder / table).glob("*.parquet")
        for clip_id in read_column(path, "clip_id")
    }


def _book_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The books are counted again from their rows, and against the tables."""
    outcomes = [
        row
        for path in sorted((folder / "books").glob("*.parquet"))
        for row in read_rows(path, Outcome)
    ]
    states, rejected, failed = counted(outcomes)
    for name, counts, told in (
        ("states", states, manifest.states),
        ("rejected", rejected, manifest.rejected),
        ("failed", failed, manifest.failed),
    ):
        if counts != told:
            yield f"books: {name} counts {counts}, the manifest says {told}"
    for subject, count in manifest.found.items():
        told_count = sum(states.get(subject, {}).values())
        if told_count != count:
            yield f"books: {count} of subject {subject} found, {told_count} accounted for"
    for tier, table in (("coarse", "coarse"), ("fine", "fine")):
        told_ids = {
            o.id
            for o in outcomes
            if o.subject == "clip" and o.state == "released" and tier in ("coarse", o.tier)
        }
        if told_ids != _ids(folder, table):
            yield f"books: name {len(told_ids)} clips of the {tier} tier, the table holds others"
