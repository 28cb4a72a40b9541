"""The books of a release as rows: one outcome for every file, video and clip found."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.chain import Chain
from pipeline.fates import Fate, clip_fates, cut_rejections, file_fates, video_fates
from schemas.failure import Rejection
from schemas.release import Outcome


def book_rows(chain: Chain, left_out: dict[str, Rejection]) -> Iterator[Outcome]:
    """Files, then videos, then clips; and the given labels that were not used."""
    clips = _all_clips(chain, left_out)
    videos = video_fates(chain, clips)
    for file, fate in file_fates(chain, videos):
        yield fate.outcome("file", file.path)
    for video_id, fate in videos.items():
        yield fate.outcome("video", video_id)
    for clip_id, fate in clips.items():
        yield fate.outcome("clip", clip_id)
    for problem in chain.catalog.problems:
        if problem.subject == "label":
            yield Fate.of(problem).outcome("label", problem.id)


def _all_clips(chain: Chain, left_out: dict[str, Rejection]) -> dict[str, Fate]:
    clips: dict[str, Fate] = {}
    for batch in chain.batches():
        clips |= cut_rejections(chain, batch)
    for shard in chain.shards():
        clips |= clip_fates(chain, shard)
    for clip_id, rejection in left_out.items():
        clips[clip_id] = replace(
            clips[clip_id],
            tier="coarse",
            stage=rejection.stage,
            reason=rejection.rule,
            detail=rejection.reason,
            fell="rejected",
        )
    return clips


def counted(
    outcomes: Sequence[Outcome],
) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, int], dict[str, int]]:
    """(found by subject, states by subject, rejected by stage/rule, failed by stage/error).

    Rejected and failed count the clips and videos that fell out of the release or of its fine
    tier, and the files that never became a video.
    """
    found = Counter[str](o.subject for o in outcomes)
    states: dict[str, Counter[str]] = {}
    rejected, failed = Counter[str](), Counter[str]()
    for o in outcomes:
        states.setdefault(o.subject, Counter())[o.state] += 1
        if o.subject in ("clip", "label") or (
            o.stage in ("ingest", "cut") and o.subject == "video"
        ):
            where = failed if o.state == "failed" else rejected
            if o.reason and o.state != "pending" and o.reason != "pending":
                where[f"{o.stage}/{o.reason}"] += 1
    return (
        dict(sorted(found.items())),
        {subject: dict(sorted(counts.items())) for subject, counts in sorted(states.items())},
        dict(sorted(rejected.items())),
        dict(sorted(failed.items())),
    )
