"""Imported clips as a release holds them: samples, and the little evidence that a file gives."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.imports import Imports
from pipeline.sources import shown
from schemas.au import FACS_NAMES
from schemas.evidence import EvidenceItem, Modality
from schemas.record import ClipRecord, ReleasedCoarse, ReleasedFine


@dataclass(frozen=True)
class ImportedClip:
    coarse: ReleasedCoarse
    fine: ReleasedFine | None

    def record(self) -> ClipRecord:
        """What the file says of face, voice and words; nothing was measured, there is no media."""
        row = self.coarse
        return ClipRecord(
            clip_id=row.clip_id,
            video_id=row.video_id,
            name=row.name,
            other_names=(),
            start_us=None,
            end_us=None,
            duration_s=None,
            label=row.pseu_emotion,
            items=tuple(self._items()),
            speaker=None,
            face_share=None,
            others_share=None,
            makers=(f"import {row.made_by.engine} {row.made_by.version}",),
            flags=row.flags,
            peak_frame=None,
            first_frame=None,
            middle_frame=None,
            face=None,
            audio=None,
        )

    def _items(self) -> Iterator[EvidenceItem]:
        """Units are known to be present, not how strong they are."""
        for unit in dict.fromkeys(self.coarse.peak_AU_list or ()):
            yield _item(f"face.{unit}", "face", FACS_NAMES.get(unit, unit))
        if self.coarse.audio_prior_list is not None:
            yield _item("voice.description", "voice", self.coarse.audio_prior_list)
        if self.coarse.text is not None:
            yield _item("words.text", "words", self.coarse.text)


def _item(key: str, modality: Modality, text: str) -> EvidenceItem:
    return EvidenceItem(
        key=key, modality=modality, value=None, unit=None, text=text, start_s=None, end_s=None
    )


def imported_clips(imports: Imports, *, without_fine: set[str]) -> Iterator[ImportedClip]:
    """In the order of their names."""
    fine = {row.clip_id: row for row in imports.fine if row.clip_id not in without_fine}
    for row in imports.coarse:
        yield ImportedClip(row, fine.get(row.clip_id))


def find_imported(imports: Imports, wanted: str) -> ImportedClip | None:
    """By its name or the start of its clip_id; None where no imported clip, or several, fit."""
    found = [
        clip
        for clip in imported_clips(imports, without_fine=set())
        if wanted == clip.coarse.name or (wanted and clip.coarse.clip_id.startswith(wanted))
    ]
    return found[0] if len(found) == 1 else None


def imported_clip_text(clip: ImportedClip) -> str:
    """Every column that says something, for a terminal: foreign texts may not steer it."""
    told = clip.coarse.model_dump(mode="json")
    if clip.fine is not None:
        fine = clip.fine.model_dump(mode="json", include=_FINE)
        told |= {f"fine.{key}": value for key, value in fine.items()}
    lines = (f"{key}: {_said(value)}" for key, value in told.items() if value not in (None, []))
    return "\n".join(shown(line) for line in lines)


_FINE = {"pseu_emotion", "mode", "smp_reason_caption", "flags"}


def _said(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return str(value)
