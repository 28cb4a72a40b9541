"""What people gave and nothing came of: lines of tables, subtitles, labels that fit no clip."""

from collections import defaultdict
from collections.abc import Iterator

from pipeline.batches import Batch
from pipeline.chain import Chain
from pipeline.given import GivenLabel, VideoGiven, labels_without_clip
from schemas.clip import Clip
from schemas.failure import Failure, Rejection


def unused_texts(chain: Chain) -> list[Rejection | Failure]:
    """In the order of the tables; labels of a span last, for they are known only after the cut."""
    return [*chain.catalog.unused_texts, *_spans_without_clip(chain)]


def _spans_without_clip(chain: Chain) -> Iterator[Rejection]:
    videos = chain.catalog.given.videos
    with_span = {video_id for video_id, given in videos.items() if _has_span(given)}
    with_span &= chain.catalog.video_ids
    for batch in chain.batches() if with_span else ():
        if not with_span.isdisjoint(batch.video_ids):
            clips = _clips(chain, batch)
            for video_id in batch.video_ids:
                if video_id in clips and video_id in videos:
                    for label in labels_without_clip(videos[video_id], clips[video_id]):
                        yield _rejection(chain.catalog.names[video_id][0], label)


def _has_span(given: VideoGiven) -> bool:
    return any(label.start_s is not None for label in given.labels)


def _clips(chain: Chain, batch: Batch) -> dict[str, list[Clip]]:
    clips: dict[str, list[Clip]] = defaultdict(list)
    for clip in chain.cuts(batch).rows:
        clips[clip.video_id].append(clip)
    return clips


def _rejection(name: str, label: GivenLabel) -> Rejection:
    end = "its end" if label.end_s is None else f"{label.end_s:g} s"
    return Rejection(
        subject="label",
        id=f"{label.source} {name} {label.label} {label.start_s:g}-{label.end_s}",
        stage="label",
        rule="fits_no_clip",
        reason=(
            f"the label {label.label!r} of {name} holds from {label.start_s:g} s to {end}, and no "
            "clip has half of its length there; mend the times or cut other spans"
        ),
    )
