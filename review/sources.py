"""What can be reviewed: the samples of a work folder or of a release, as people are shown them."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.chain import Chain
from pipeline.imported import imported_clips
from pipeline.release_folder import read_manifest
from schemas.evidence import EvidenceItem
from schemas.label import LabelDecision
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse, ReleasedFine
from schemas.review import ShownClip, ShownSample, ShownText
from schemas.sample import CoarseSample, FineSample


def samples_of_work(chain: Chain) -> Iterator[ShownSample]:
    """Coarse and fine samples as the last build left them, then the imported ones. A coarse
    sample without a caption shows nothing that could be judged, and is left out."""
    for shard in chain.shards():
        names = ("coarse", "fine", "evidence", "label")
        rows = {name: chain.rows(name, shard) for name in names}
        for clip in chain.clips(shard):
            coarse = rows["coarse"].get(clip.clip_id)
            if coarse is None:
                continue
            shown = _clip(
                coarse,
                video_id=clip.video_id,
                name=chain.catalog.names[clip.video_id][0],
                span=(clip.start_us, clip.end_us),
                items=rows["evidence"][clip.clip_id].items,
            )
            decision = rows["label"].get(clip.clip_id)
            yield from _both(shown, coarse, rows["fine"].get(clip.clip_id), decision)
    for imported in imported_clips(chain.imports, without_fine=set()):
        record = imported.record()
        row = imported.coarse
        shown = _clip(
            row, video_id=row.video_id, name=row.name, span=(None, None), items=record.items
        )
        yield from _both(shown, row, imported.fine, None)


def samples_of_release(folder: Path) -> Iterator[ShownSample]:
    """The same out of a published release, one file at a time. SetupError when it is none."""
    read_manifest(folder)
    for path in sorted((folder / "coarse").glob("*.parquet")):
        split = path.name.split("-")[0]
        fine = _fine_of(folder, split)
        evidence = _evidence_of(folder, split)
        for row in read_rows(path, ReleasedCoarse):
            span, items = evidence.get(row.clip_id, ((None, None), ()))
            shown = _clip(row, video_id=row.video_id, name=row.name, span=span, items=items)
            yield from _both(shown, row, fine.get(row.clip_id), None)


def _fine_of(folder: Path, split: str) -> dict[str, ReleasedFine]:
    files = sorted((folder / "fine").glob(f"{split}-*.parquet"))
    return {row.clip_id: row for path in files for row in read_rows(path, ReleasedFine)}


_Span = tuple[int | None, int | None]


def _evidence_of(folder: Path, split: str) -> dict[str, tuple[_Span, tuple[EvidenceItem, ...]]]:
    """Without the pictures and the sound."""
    columns = ["clip_id", "start_us", "end_us", "items"]
    return {
        row["clip_id"]: (
            (row["start_us"], row["end_us"]),
            tuple(EvidenceItem.model_validate(item) for item in row["items"]),
        )
        for path in sorted((folder / "evidence").glob(f"{split}-*.parquet"))
        for row in pq.ParquetFile(path).read(columns=columns).to_pylist()
    }


def _clip(
    row: CoarseSample,
    *,
    video_id: str,
    name: str,
    span: _Span,
    items: tuple[EvidenceItem, ...],
) -> ShownClip:
    return ShownClip(
        clip_id=row.clip_id,
        video_id=video_id,
        name=name,
        start_us=span[0],
        end_us=span[1],
        peak_index=row.peak_index,
        peak_t_s=row.peak_t_s,
        spoken=row.text,
        spoken_en=row.text_en,
        tone=row.audio_prior_list,
        scene=row.visual_objective,
        items=items,
    )


def _both(
    clip: ShownClip, coarse: CoarseSample, fine: FineSample | None, decision: LabelDecision | None
) -> Iterator[ShownSample]:
    if coarse.caption is not None and coarse.text_hash is not None:
        told = _coarse(coarse, coarse.caption, coarse.text_hash, decision)
        yield ShownSample(clip=clip, told=told)
    if fine is not None:
        yield ShownSample(clip=clip, told=_fine(fine, decision))


def _coarse(
    row: CoarseSample, caption: str, text_hash: str, decision: LabelDecision | None
) -> ShownText:
    return ShownText(
        sample_id=row.sample_id,
        tier="coarse",
        text_hash=text_hash,
        text=caption,
        made_by=row.made_by,
        label=row.pseu_emotion,
        label_source=row.label_source,
        confidence=_confidence(decision),
        own_label=None,
        clues=(),
        conclusion=None,
        claims=None,
        flags=row.flags,
        disputed=_opinions_differ(decision),
    )


def _fine(row: FineSample, decision: LabelDecision | None) -> ShownText:
    confidence = _confidence(decision)
    return ShownText(
        sample_id=row.sample_id,
        tier="fine",
        text_hash=row.text_hash,
        text=row.smp_reason_caption,
        made_by=row.made_by,
        label=row.pseu_emotion,
        label_source=row.label_source,
        confidence=row.own_confidence if confidence is None else confidence,
        own_label=row.own_label,
        clues=row.clues,
        conclusion=row.conclusion,
        claims=row.claims,
        flags=row.flags,
        disputed=row.label_agrees is False or _opinions_differ(decision),
    )


def _confidence(decision: LabelDecision | None) -> float | None:
    """The lowest that an opinion for the label names."""
    if decision is None:
        return None
    named = [o.confidence for o in decision.opinions if o.label == decision.label]
    return min((c for c in named if c is not None), default=None)


def _opinions_differ(decision: LabelDecision | None) -> bool:
    return decision is not None and len({o.label for o in decision.opinions}) > 1
