"""Folds what people said into the samples of a release: labels, texts, what stays out.

Parts never change: a build gives the same rows with and without people. Where people name
another label, what was written for the old one is written anew from the same evidence; their own
texts stand as they wrote them.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.compute import COMPUTE, Inputs
from pipeline.consensus import Opinions, PeopleLabel, PeopleText
from pipeline.imported import ImportedClip, imported_clips
from pipeline.label import LabelSettings, decide, policy_name
from pipeline.stages import BY_NAME
from schemas.clip import Clip
from schemas.failure import Rejection
from schemas.label import Label, LabelDecision
from schemas.maker import Maker
from schemas.review import SampleReview, SingleReview
from schemas.sample import CoarseSample, FineSample, text_hash_of

VERSION: Final = "1"
PEOPLE: Final = Maker(engine="people", version=VERSION)

C = TypeVar("C", bound=CoarseSample)
F = TypeVar("F", bound=FineSample)


@dataclass(frozen=True)
class FoldedClip:
    """A clip that people said something of, as it goes into the release."""

    coarse: CoarseSample
    fine: FineSample | None
    left_out: Rejection | None  # why there is no fine sample where the build has one
    decision: LabelDecision | None  # None: imported
    reviews: tuple[SampleReview, ...]


def fold(chain: Chain, opinions: Opinions) -> dict[str, FoldedClip]:
    """By clip_id; clips that nobody said anything of are not in it."""
    if not opinions.said:
        return {}
    folded: dict[str, FoldedClip] = {}
    for shard in chain.shards():
        clips = [clip for clip in chain.clips(shard) if clip.clip_id in opinions.by_clip]
        folded |= _fold_shard(chain, shard, clips, opinions) if clips else {}
    for imported in imported_clips(chain.imports, without_fine=set()):
        if imported.coarse.clip_id in opinions.by_clip:
            folded[imported.coarse.clip_id] = _fold_imported(chain, imported, opinions)
    return folded


def _fold_shard(
    chain: Chain, shard: Shard, clips: list[Clip], opinions: Opinions
) -> dict[str, FoldedClip]:
    rows = {name: chain.rows(name, shard) for name in ("coarse", "fine", "label", "peak")}
    rewriter = _Rewriter(chain, shard)
    folded = {}
    for clip in clips:
        if clip.clip_id in rows["coarse"]:
            one = {name: found.get(clip.clip_id) for name, found in rows.items()}
            folded[clip.clip_id] = _fold_clip(clip, one, rewriter, opinions)
    return folded


class _Rewriter:
    """Writes samples of one shard for another label; reads what they rest on when first asked."""

    def __init__(self, chain: Chain, shard: Shard) -> None:
        self.chain = chain
        self.shard = shard
        self._rows: dict[str, dict[str, Any]] = {}

    def write(self, stage: str, clip: Clip, decision: LabelDecision) -> Any:
        """The row of `coarse` or `fine`, or a Rejection."""
        rows = {name: self._read(name) for name in self.chain.reads(BY_NAME[stage])}
        rows["label"] = {clip.clip_id: decision}
        return COMPUTE[stage](clip, Inputs(self.chain, self.shard, rows))

    def _read(self, name: str) -> dict[str, Any]:
        if name not in self._rows:
            self._rows[name] = self.chain.rows(name, self.shard)
        return self._rows[name]


def _fold_clip(
    clip: Clip, rows: dict[str, Any], rewriter: _Rewriter, opinions: Opinions
) -> FoldedClip:
    coarse: CoarseSample = rows["coarse"]
    fine: FineSample | None = rows["fine"]
    old: LabelDecision = rows["label"]
    people = opinions.label_of(clip.clip_id)
    decision = with_people(old, people, rows["peak"], rewriter.chain.settings.label)
    new_coarse, new_fine = _relabelled(coarse, decision), fine and _relabelled(fine, decision)
    refused = None
    if decision.label != old.label:
        new_coarse = rewriter.write("coarse", clip, decision)
        if fine is not None:
            written = rewriter.write("fine", clip, decision)
            refused = written if isinstance(written, Rejection) else None
            new_fine = _relabelled(fine, decision) if refused else written
    coarse_said = _said_of(opinions, coarse.sample_id, coarse.text_hash, new_coarse.text_hash)
    kept, left_out = _fine_as_said(fine, new_fine, refused, opinions)
    reviews = _reviews(coarse, fine, people, opinions)
    return FoldedClip(_coarse_as_said(new_coarse, coarse_said), kept, left_out, decision, reviews)


def with_people(
    old: LabelDecision, people: PeopleLabel | None, peak: Any, settings: LabelSettings
) -> LabelDecision:
    """The policy of the build, with one opinion more. Its filter by action units is for labels
    that nobody looked at."""
    if people is None:
        return old
    opinion = Label(
        clip_id=old.clip_id,
        label=people.label,
        weight=1.0,
        source="review",
        version=VERSION,
        confidence=None,
    )
    unfiltered = settings.model_copy(update={"au_filter": False})
    found = decide(old.clip_id, [*old.opinions, opinion], unfiltered, peak)
    if isinstance(found, Rejection):
        return old
    return found.model_copy(update={"policy": policy_name(settings)})


def _relabelled(row: Any, decision: LabelDecision) -> Any:
    told = {
        "pseu_emotion": decision.label,
        "label_source": decision.source,
        "label_policy": decision.policy,
    }
    return row.model_copy(update=told)


def _said_of(
    opinions: Opinions, sample_id: str, old_hash: str | None, new_hash: str | None
) -> PeopleText:
    """What was said of the text of the build; of one that was written anew nothing was said, but
    for what people wrote themselves."""
    said = opinions.text_of(sample_id, old_hash)
    return said if said.state == "edited" or new_hash == old_hash else PeopleText("unseen")


def _coarse_as_said(row: C, said: PeopleText) -> C:
    """A rejected caption is taken out; the rest of the row stands on its own."""
    if said.state == "rejected":
        return row.model_copy(update={"caption": None, "text_hash": None})
    if said.text is None:
        return row
    return row.model_copy(
        update={
            "caption": said.text,
            "text_hash": text_hash_of(said.text),
            "made_by": PEOPLE,
            "flags": (*row.flags, "text_edited"),
        }
    )


def _fine_as_said(
    old: F | None, new: F | None, refused: Rejection | None, opinions: Opinions
) -> tuple[F | None, Rejection | None]:
    """The fine sample, or why there is none. A text that people wrote stands whatever a rule
    says of the machine's."""
    if old is None or new is None:
        return None, None
    said = _said_of(opinions, old.sample_id, old.text_hash, new.text_hash)
    if said.text is not None:
        return _edited(new, said.text), None
    if said.state == "rejected":
        return None, _reject(old.clip_id, "review_rejected", "people rejected its text")
    return (None, refused) if refused else (new, None)


def _edited(row: F, text: str) -> F:
    """Clues stay as what the machine's text rested on; its conclusion and its checks do not."""
    return row.model_copy(
        update={
            "smp_reason_caption": text,
            "text_hash": text_hash_of(text),
            "made_by": PEOPLE,
            "conclusion": None,
            "claims": None,
            "flags": (*row.flags, "text_edited"),
        }
    )


def _fold_imported(chain: Chain, clip: ImportedClip, opinions: Opinions) -> FoldedClip:
    """Nothing rests on evidence here, so nothing is written anew: where people name another label,
    a text that was written for the old one stays out."""
    people = opinions.label_of(clip.coarse.clip_id)
    coarse, fine, refused = clip.coarse, clip.fine, None
    if people is not None and "review" in chain.settings.label.order:
        other = people.label != coarse.pseu_emotion
        told = {
            "pseu_emotion": people.label,
            "label_source": "review",
            "label_policy": policy_name(chain.settings.label),
        }
        coarse = coarse.model_copy(update=told | ({"valence": None} if other else {}))
        fine = fine and fine.model_copy(update=told)
        if other:
            coarse = coarse.model_copy(update={"caption": None, "text_hash": None})
            refused = _reject(
                coarse.clip_id,
                "label_reviewed",
                f"its text was written for {clip.coarse.pseu_emotion!r}, people say "
                f"{people.label!r}; edit the text in the review",
            )
    said = opinions.text_of(clip.coarse.sample_id, clip.coarse.text_hash)
    kept, left_out = _fine_as_said(clip.fine, fine, refused, opinions)
    reviews = _reviews(clip.coarse, clip.fine, people, opinions)
    return FoldedClip(_coarse_as_said(coarse, said), kept, left_out, None, reviews)


def _reviews(
    coarse: CoarseSample, fine: FineSample | None, people: PeopleLabel | None, opinions: Opinions
) -> tuple[SampleReview, ...]:
    texts = [(coarse, coarse.caption)] + ([(fine, fine.smp_reason_caption)] if fine else [])
    return tuple(
        _review(row, text, people, opinions)
        for row, text in texts
        if row.sample_id in opinions.by_sample
    )


def _review(
    row: CoarseSample | FineSample, text: str | None, people: PeopleLabel | None, opinions: Opinions
) -> SampleReview:
    said = opinions.by_sample[row.sample_id]
    singles = tuple(
        SingleReview(
            person=one.person,
            labels=one.labels,
            blind_labels=one.blind_labels,
            intensity=one.intensity,
            verdict=one.verdict,
            reason=one.reason,
            same_text=one.text_hash == row.text_hash,
            adjudicated=one.adjudicated,
            counted=one.counted,
        )
        for one in said
    )
    return SampleReview(
        sample_id=row.sample_id,
        clip_id=row.clip_id,
        tier="fine" if isinstance(row, FineSample) else "coarse",
        reviewers=len({one.person for one in said}),
        text_state=opinions.text_of(row.sample_id, row.text_hash).state,
        machine_text=text,
        machine_text_hash=row.text_hash,
        machine_label=row.pseu_emotion,
        label=people and people.label,
        label_share=people and people.share,
        singles=singles,
    )


def _reject(clip_id: str, rule: str, reason: str) -> Rejection:
    return Rejection(subject="clip", id=clip_id, stage="publish", rule=rule, reason=reason)
