"""The books of a release as rows: one outcome for every file, video and clip found."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pipeline.chain import Chain
from pipeline.fates import Fate, clip_fates, coarse_only, cut_fates, file_fates, video_fates
from pipeline.import_fates import import_fates
from pipeline.unused import unused_texts
from schemas.errors import MerrError
from schemas.failure import Rejection
from schemas.release import Outcome


def book_rows(chain: Chain, left_out: dict[str, Rejection]) -> Iterator[Outcome]:
    """Files, then videos, then clips; the given labels that were not used; what was imported."""
    clips = _all_clips(chain, left_out)
    videos = video_fates(chain, clips)
    for path, fate in file_fates(chain, videos):
        yield fate.outcome("file", path)
    for video_id, fate in videos.items():
        yield fate.outcome("video", video_id)
    for clip_id, fate in clips.items():
        yield fate.outcome("clip", clip_id)
    for unused in unused_texts(chain):
        yield Fate.of(unused).outcome("label", unused.id)
    for subject, subject_id, fate in import_fates(chain.imports, left_out):
        yield fate.outcome(subject, subject_id)


def _all_clips(chain: Chain, left_out: dict[str, Rejection]) -> dict[str, Fate]:
    clips: dict[str, Fate] = {}
    for batch in chain.batches():
        clips |= cut_fates(chain, batch)
    for shard in chain.shards():
        clips |= clip_fates(chain, shard)
    for clip_id in left_out.keys() & clips.keys():
        clips[clip_id] = coarse_only(clips[clip_id], left_out[clip_id])
    return clips


def found_at_source(chain: Chain) -> dict[str, int]:
    """How many files, videos and clips there are, counted where they were found, not by fate."""
    catalog = chain.catalog
    paths = {file.path for file in catalog.files}
    lost = sum(
        failure.subject == "file" and failure.id not in paths for failure in catalog.failures
    )
    imports = chain.imports
    imported = len(imports.coarse) + len(imports.rejected)
    found = {
        "clip": sum(len(cut_fates(chain, batch)) for batch in chain.batches()) + imported,
        "file": len(catalog.files) + lost + len(imports.files),
        "label": len(unused_texts(chain)) + len(imports.unused),
        "video": len(catalog.videos),
    }
    return {subject: n for subject, n in found.items() if n or subject != "label"}


def check_balance(found: dict[str, int], states: dict[str, dict[str, int]]) -> None:
    """MerrError where a subject was found and has no outcome: a fault of ours, never published."""
    for subject, count in found.items():
        told = sum(states.get(subject, {}).values())
        if told != count:
            raise MerrError(
                f"the books do not balance: {count} of subject {subject} found, {told} told; "
                "please report this"
            )


def counted(
    outcomes: Sequence[Outcome],
) -> tuple[dict[str, dict[str, int]], dict[str, int], dict[str, int]]:
    """(states by subject, rejected by stage/rule, failed by stage/error).

    Rejected and failed count the clips and videos that fell out of the release or of its fine
    tier, and labels that were not used.
    """
    states: dict[str, Counter[str]] = {}
    rejected, failed = Counter[str](), Counter[str]()
    for o in outcomes:
        states.setdefault(o.subject, Counter())[o.state] += 1
        if _fell_here(o):
            where = failed if o.state == "failed" else rejected
            where[f"{o.stage}/{o.reason}"] += 1
    return (
        {subject: dict(sorted(counts.items())) for subject, counts in sorted(states.items())},
        dict(sorted(rejected.items())),
        dict(sorted(failed.items())),
    )


def _fell_here(o: Outcome) -> bool:
    """Told of the subject that fell itself, not of the video or file around it."""
    if o.reason is None or o.state == "pending" or o.reason == "pending":
        return False
    own = o.subject in ("clip", "label")
    return own or (o.subject == "video" and o.stage in ("ingest", "cut"))
