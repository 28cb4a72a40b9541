"""`merr show`: everything known of one clip."""

from pathlib import Path
from typing import Final

from flows.session import open_chain
from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.clip_page import render_clip
from pipeline.clip_view import ClipView, render_text
from pipeline.imported import find_imported, imported_clip_text
from pipeline.layout import WorkFolder
from pipeline.stages import STAGES
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.failure import Failure, Rejection

_MOST_NAMED: Final = 12


def show_clip(work: WorkFolder, wanted: str, *, page: bool) -> str:
    """The readable text; with `page` also an HTML file, whose path is the last line."""
    chain = open_chain(work)
    if (imported := find_imported(chain.imports, wanted)) is not None:
        return imported_clip_text(imported)
    shard, clip = _find(chain, wanted)
    view = _view(chain, shard, clip)
    text = render_text(view)
    if not page:
        return text
    path = work.root / "pages" / f"{clip.clip_id}.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(render_clip(view), "utf-8")
    return f"{text}\n{path}"


def _find(chain: Chain, wanted: str) -> tuple[Shard, Clip]:
    """By the start of the clip_id, or by name or stem of a file. SetupError when unclear."""
    videos = {
        video_id
        for video_id, names in chain.catalog.names.items()
        if any(wanted.casefold() in _callings(name) for name in names)
    }
    found = [
        (shard, clip)
        for shard in chain.shards()
        for clip in chain.clips(shard)
        if clip.clip_id.startswith(wanted) or clip.video_id in videos
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise SetupError(
            f"no clip {wanted!r}: give the start of a clip_id or the name of a file; a file that "
            "failed before it was cut is in `merr status`"
        )
    some = ", ".join(
        f"{clip.clip_id[:12]} ({chain.catalog.names[clip.video_id][0]}, {clip.start_s:.1f} s)"
        for _, clip in found[:_MOST_NAMED]
    )
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    raise SetupError(f"{wanted!r} means {len(found)} clips: {some}{more}; give one of these ids")


def _callings(name: str) -> set[str]:
    """What a file may be called by: its path or name, with or without suffix."""
    path = Path(name)
    return {n.casefold() for n in (name, str(path.with_suffix("")), path.name, path.stem)}


def _view(chain: Chain, shard: Shard, clip: Clip) -> ClipView:
    parts = {stage.name: chain.part(stage, shard) for stage in STAGES}
    rows = {
        name: next((row for row in part.rows if row.clip_id == clip.clip_id), None)
        for name, part in parts.items()
    }
    fallen: list[Rejection | Failure] = []
    for part in parts.values():
        fallen += [o for o in part.fallen if o.id == clip.clip_id]
    return ClipView(
        clip=clip,
        names=tuple(chain.catalog.names[clip.video_id]),
        track=rows["face"],
        peak=rows["peak"],
        stills=rows["stills"],
        speech=rows["speech"],
        tone=rows["tone"],
        scene=rows["scene"],
        evidence=rows["evidence"],
        decision=rows["label"],
        coarse=rows["coarse"],
        clues=rows["clues"],
        fine=rows["fine"],
        fallen=tuple(fallen),
        part_keys={stage.name: chain.key(stage, shard).name for stage in STAGES},
        min_confidence=chain.settings.peak.min_confidence,
    )
