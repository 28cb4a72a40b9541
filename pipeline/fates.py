"""What became of every file, video and clip: exact, one outcome each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pipeline.batches import Batch, Shard
from pipeline.chain import Chain
from pipeline.parts import Part, read_fallen
from pipeline.stages import STAGES
from schemas.clip import Clip
from schemas.failure import Failure, Rejection, Subject
from schemas.release import Outcome, State
from schemas.video import SourceFile

_BEST_FIRST: Final[tuple[State, ...]] = ("released", "pending", "failed", "rejected")
_AFTER_COARSE: Final = ("clues", "fine")


@dataclass(frozen=True)
class Fate:
    state: State
    tier: Literal["coarse", "fine"] | None = None
    stage: str | None = None
    reason: str | None = None
    detail: str | None = None
    fell: State | None = None  # how it left the chain at `stage`; None: it did not
    retryable: bool = False

    @classmethod
    def of(cls, outcome: Rejection | Failure) -> "Fate":
        if isinstance(outcome, Rejection):
            return cls("rejected", None, outcome.stage, outcome.rule, outcome.reason, "rejected")
        why = (outcome.stage, outcome.error, outcome.reason)
        return cls("failed", None, *why, "failed", outcome.retryable)

    def outcome(self, subject: Subject, subject_id: str) -> Outcome:
        return Outcome(
            subject=subject,
            id=subject_id,
            state=self.state,
            tier=self.tier,
            stage=self.stage,
            reason=self.reason,
            detail=self.detail,
        )


def clip_fates(chain: Chain, shard: Shard) -> dict[str, Fate]:
    """Fate of every clip of a shard, in shard order. A clip leaves at the first stage that gave
    no row; from the coarse sample on it is released whatever follows."""
    alive = {clip.clip_id for clip in chain.clips(shard)}
    fates: dict[str, Fate] = dict.fromkeys((c.clip_id for c in chain.clips(shard)), DONE)
    for stage in STAGES:
        path = chain.path(stage, shard)
        rows = chain.ids(stage, shard) & alive
        told = _told(path)
        for clip_id in alive - rows:
            fate = told.get(clip_id, Fate("pending", None, stage.name, "pending", None, "pending"))
            fates[clip_id] = _kept(fate) if stage.name in _AFTER_COARSE else fate
        alive = rows
    return fates


DONE: Final = Fate("released", "fine")


def _kept(fate: Fate) -> Fate:
    """A clip that has a coarse sample stays in the release; why it has no fine one is told."""
    return replace(fate, state="released", tier="coarse")


def coarse_only(fate: Fate, why: Rejection) -> Fate:
    """A clip whose fine sample a rule keeps out of the release."""
    told = Fate.of(why)
    return replace(told, state=fate.state, tier="coarse")


def _told(path: Path) -> dict[str, Fate]:
    if not path.exists():
        return {}
    return {item.id: Fate.of(item) for item in read_fallen(path)}


def cut_fates(chain: Chain, batch: Batch) -> dict[str, Fate]:
    """By the clip_id they have or would have had: clips, as long as no shard tells more of them,
    and the spans that the cut refused."""
    cuts, live = chain.cuts(batch), chain.catalog.videos
    waiting = {clip.clip_id: _UNTOLD for clip in cuts.rows if clip.video_id in live}
    return waiting | {r.id: Fate.of(r) for r in cuts.rejections if r.subject == "clip"}


# A run that dies between a cut and its shards leaves clips that are in none.
_UNTOLD: Final = Fate("pending", None, STAGES[0].name, "pending", None, "pending")


def subjects_cut(cuts: Part[Clip]) -> int:
    """How many videos came back from the cut, as clips or at all."""
    whole = {outcome.id for outcome in cuts.fallen if outcome.subject == "video"}
    return len({clip.video_id for clip in cuts.rows} | whole)


def video_fates(chain: Chain, clips: dict[str, Fate]) -> dict[str, Fate]:
    """Fate of every video of the catalog, given the fates of all clips by clip_id."""
    fates: dict[str, Fate] = {}
    for batch in chain.batches():
        videos, cuts = chain.videos(batch), chain.cuts(batch)
        own: dict[str, list[Fate]] = {}
        for clip in cuts.rows:
            own.setdefault(clip.video_id, []).append(clips.get(clip.clip_id, _WAITING))
        for outcome in (*videos.fallen, *cuts.fallen):
            if outcome.subject == "video":
                own.setdefault(outcome.id, []).append(Fate.of(outcome))
        fates |= {v: _best(own.get(v, ())) for v in batch.video_ids}
    live = chain.catalog.videos
    return {video_id: fates.get(video_id, _WAITING) for video_id in live}


_WAITING: Final = Fate("pending", None, "ingest", "pending")


def _best(fates: Iterable[Fate]) -> Fate:
    """The fate that speaks for a whole: the best of its parts, fine before coarse."""
    ranked = sorted(fates, key=lambda f: (_BEST_FIRST.index(f.state), f.tier != "fine"))
    return ranked[0] if ranked else _WAITING


def file_fates(chain: Chain, videos: dict[str, Fate]) -> Iterator[tuple[str, Fate]]:
    """(path, fate) of every file found; folders that could not be listed count as files."""
    failures = {f.id: Fate.of(f) for f in chain.catalog.failures if f.subject == "file"}
    for file in chain.catalog.files:
        unread = file.video_id is None and file.kind != "other"
        failed = failures.pop(file.path, None) if unread else None
        yield file.path, failed or _file_fate(chain, file, videos)
    yield from failures.items()


def _file_fate(chain: Chain, file: SourceFile, videos: dict[str, Fate]) -> Fate:
    if file.kind == "other":
        return Fate("other_kind")
    if file.video_id is None:
        return _WAITING
    if file.video_id in chain.catalog.left_out:
        return Fate("pending", None, "ingest", "limit")
    return videos[file.video_id]
