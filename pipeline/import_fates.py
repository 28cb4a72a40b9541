"""What became of everything that was imported: one outcome each, beside those of a build.

An imported set has no video, so its books are of files and clips."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pipeline.fates import DONE, Fate, coarse_only
from pipeline.imports import Imports
from schemas.clip import declared_ids
from schemas.failure import Rejection, Subject
from schemas.merr import ImportedFile


def import_fates(
    imports: Imports, left_out: Mapping[str, Rejection]
) -> Iterator[tuple[Subject, str, Fate]]:
    """Files, then clips, then lines of tables that were not used."""
    clips = _clip_fates(imports, left_out)
    for file in imports.files:
        yield "file", file.name, _file_fate(imports, file, clips)
    for clip_id, fate in clips.items():
        yield "clip", clip_id, fate
    for unused in imports.unused:
        yield "label", unused.id, Fate.of(unused)


def _clip_fates(imports: Imports, left_out: Mapping[str, Rejection]) -> dict[str, Fate]:
    fine = {row.clip_id for row in imports.fine}
    missed = {o.id: o for o in imports.without_fine} | dict(left_out)
    clips = {row.clip_id: DONE if row.clip_id in fine else _NO_FINE for row in imports.coarse}
    clips |= {i: coarse_only(fate, missed[i]) for i, fate in clips.items() if i in missed}
    return clips | {o.id: Fate.of(o) for o in imports.rejected}


_NO_FINE = replace(DONE, tier="coarse")  # its set has none, and no rule said no


def _file_fate(imports: Imports, file: ImportedFile, clips: Mapping[str, Fate]) -> Fate:
    """Released where a clip of it is; what it held stands in the detail."""
    ids = [declared_ids(name)[1] for name in imports.names(file)]
    fates = [clips[clip_id] for clip_id in ids]
    tiers = {fate.tier for fate in fates if fate.state == "released"}
    if tiers:
        return replace(DONE, tier="fine" if "fine" in tiers else "coarse", detail=held(file))
    rejection = Rejection(
        subject="file", id=file.name, stage="import", rule="no_sample", reason=held(file)
    )
    return Fate.of(rejection)


def held(file: ImportedFile) -> str:
    """One line: how many entries, and every kind of dirt with how often it was found."""
    dirt = ", ".join(f"{found.kind} {found.count}" for found in file.dirt)
    entries = f"{file.records} {'entry' if file.records == 1 else 'entries'}"
    return f"{entries}; {f'dirt: {dirt}' if dirt else 'no dirt'}"
