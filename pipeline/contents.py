"""What goes into a release, shard by shard: rows of released clips joined on clip_id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.folding import FoldedClip
from pipeline.imported import ImportedClip, imported_clips
from pipeline.selection import Candidate
from pipeline.stages import BY_NAME
from schemas.clip import Clip
from schemas.evidence import Evidence
from schemas.label import LabelDecision
from schemas.peak import Picture, Stills
from schemas.record import ClipRecord, Media, Recording, ReleasedCoarse, ReleasedFine
from schemas.sample import CoarseSample, FineSample
from schemas.scene import Look


@dataclass(frozen=True)
class ReleasedClip:
    """One clip that has a coarse sample, with everything the tables need of it."""

    clip: Clip
    names: tuple[str, ...]
    coarse: CoarseSample
    fine: FineSample | None
    evidence: Evidence
    stills: Stills
    recording: Recording
    look: Look
    decision: LabelDecision

    def coarse_row(self) -> ReleasedCoarse:
        return ReleasedCoarse(
            **dict(self.coarse),
            video_id=self.clip.video_id,
            name=self.names[0],
            identity=self.clip.identity,
            frames=self.look.frames,
            valence=self.decision.valence,
        )

    def fine_row(self) -> ReleasedFine | None:
        if self.fine is None:
            return None
        return ReleasedFine(**dict(self.fine), video_id=self.clip.video_id, name=self.names[0])

    def record(self, media: str) -> ClipRecord:
        pictures = media != "reference"
        return ClipRecord(
            clip_id=self.clip.clip_id,
            video_id=self.clip.video_id,
            name=self.names[0],
            other_names=self.names[1:],
            start_us=self.clip.start_us,
            end_us=self.clip.end_us,
            duration_s=self.clip.duration_s,
            label=self.coarse.pseu_emotion,
            items=self.evidence.items,
            speaker=self.evidence.speaker,
            face_share=self.evidence.face_share,
            others_share=self.evidence.others_share,
            makers=self.evidence.makers,
            flags=self.evidence.flags,
            peak_frame=self._picture("peak", self.stills.peak, pictures),
            first_frame=self._picture("first", self.stills.first, pictures),
            middle_frame=self._picture("middle", self.stills.middle, pictures),
            face=self._picture("face", self.stills.face, pictures),
            audio=self._sound(embedded=media == "embed"),
        )

    def _picture(self, name: str, picture: Picture | None, embedded: bool) -> Media | None:
        if picture is None:
            return None
        path = f"{self.clip.clip_id}-{name}-{picture.frame_index:05d}.jpg"
        return Media(bytes=picture.jpeg if embedded else None, path=path)

    def _sound(self, *, embedded: bool) -> Media | None:
        if self.recording.opus is None:
            return None
        path = f"{self.clip.clip_id}.ogg"
        return Media(bytes=self.recording.opus if embedded else None, path=path)


def candidates(chain: Chain, folded: Mapping[str, FoldedClip]) -> list[Candidate]:
    """Every fine sample whose coarse sample stands, by label and text; as people left them."""
    found: list[FineSample | None] = []
    for shard in chain.shards():
        live = {clip.clip_id for clip in chain.clips(shard)}
        live &= chain.ids(BY_NAME["coarse"], shard)
        rows = chain.part(BY_NAME["fine"], shard).rows
        found += [_fine_of(row, folded) for row in rows if row.clip_id in live]
    found += [_fine_of(row, folded) for row in chain.imports.fine]
    return [
        Candidate(row.clip_id, row.pseu_emotion, row.text_hash) for row in found if row is not None
    ]


def _fine_of(row: FineSample, folded: Mapping[str, FoldedClip]) -> FineSample | None:
    return folded[row.clip_id].fine if row.clip_id in folded else row


def released_imports(
    chain: Chain, *, without_fine: set[str], folded: Mapping[str, FoldedClip]
) -> Iterator[ImportedClip]:
    """Imported clips in the order of their names, as people left them."""
    for clip in imported_clips(chain.imports, without_fine=without_fine):
        people = folded.get(clip.coarse.clip_id)
        if people is None:
            yield clip
        else:
            coarse = ReleasedCoarse(**dict(people.coarse))
            kept = clip.fine is not None and people.fine is not None
            fine = ReleasedFine(**dict(people.fine)) if kept and people.fine else None
            yield ImportedClip(coarse, fine)


def released_clips(
    chain: Chain,
    shard: Shard,
    *,
    without_fine: set[str],
    folded: Mapping[str, FoldedClip],
) -> Iterator[ReleasedClip]:
    """Clips of one shard that have a coarse sample, in shard order, as people left them."""
    names = ("coarse", "fine", "evidence", "stills", "recording", "look", "label")
    rows: dict[str, dict[str, Any]] = {name: chain.rows(name, shard) for name in names}
    for clip in chain.clips(shard):
        if clip.clip_id not in rows["coarse"]:
            continue
        people = folded.get(clip.clip_id)
        fine = rows["fine"].get(clip.clip_id) if people is None else people.fine
        yield ReleasedClip(
            clip=clip,
            names=tuple(chain.catalog.names[clip.video_id]),
            coarse=rows["coarse"][clip.clip_id] if people is None else people.coarse,
            fine=None if clip.clip_id in without_fine else fine,
            evidence=rows["evidence"][clip.clip_id],
            stills=rows["stills"][clip.clip_id],
            recording=rows["recording"][clip.clip_id],
            look=rows["look"][clip.clip_id],
            decision=(people and people.decision) or rows["label"][clip.clip_id],
        )
