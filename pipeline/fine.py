"""Fine samples: the clues that stood up to their evidence, then a conclusion on the label."""

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from annotators.clues import PROXY_FLAG
from pipeline.conclusion import conclude
from pipeline.grounding import ClueCheck, check
from schemas.au import merr_au_rules
from schemas.clues import ClaimCheck, Clue, Clues
from schemas.evidence import Evidence
from schemas.face import FaceTrack
from schemas.failure import Rejection
from schemas.label import LabelDecision, Vocabulary
from schemas.maker import Maker
from schemas.peak import Peak, PeakMoment
from schemas.sample import FineSample, sample_id_of, text_hash_of
from schemas.units import Row

STAGE: Final = "fine"
VERSION: Final = "2"
# Sets of one or two units (doubt: lips part) are complete in most talking faces, so that only a
# complete larger set of another label speaks against the given one. Ours.
LEAST_COMPLETE: Final = 3


class FineSettings(Row):
    min_modalities: int = Field(
        default=2,
        ge=1,
        le=4,
        description="Modalities (scene, face, voice, words) that the clues left must cover.",
    )
    keep_unverifiable: bool = Field(
        default=True,
        description="Keep clues in which nothing could be compared with the evidence; rows with "
        "such a clue are flagged.",
    )
    contradicted: Literal["reject", "drop"] = Field(
        default="reject",
        description="A clue that the evidence contradicts costs the clip its fine sample (reject) "
        "or only itself (drop); one that nothing but proxies contradict costs only itself.",
    )
    reject_other_face: bool = Field(
        default=True,
        description="Reject a clip whose peak shows no action unit of its label and every one of "
        "another label's (three or more); never on proxies or against a reviewer.",
    )
    on_disagreement: Literal["keep", "flag", "reject"] = Field(
        default="flag",
        description="What becomes of a clip for which the clue writer's own label, given without "
        "seeing the clip's, is another one: keep, flag (label_disagrees, for review) or reject.",
    )


def write_fine(
    decision: LabelDecision,
    clues: Clues,
    evidence: Evidence,
    peak: Peak,
    settings: FineSettings,
    *,
    vocabulary: Vocabulary,
    track: FaceTrack | None = None,
) -> FineSample | Rejection:
    """Rejections: no_face, contradiction, no_evidence, too_few_modalities, label_disagrees. Without
    `track` a face is judged by its peak frame alone."""
    if peak.moment is None:
        return _reject(evidence.clip_id, "no_face", "no peak: no frame with a readable face")
    checks = check(clues, evidence, vocabulary=vocabulary, peak=peak, track=track)
    kept = tuple(c.clue for c in checks if _stays(c, settings))
    if (refused := _refusal(decision, checks, kept, evidence, peak.moment, settings)) is not None:
        return refused
    if settings.on_disagreement == "reject" and _agrees(decision, clues) is False:
        return _reject(evidence.clip_id, "label_disagrees", _other_label(decision, clues))
    conclusion = conclude(
        decision, kept, peak.moment, merr_au_rules(), proxy=PROXY_FLAG in evidence.flags
    )
    caption = " ".join([*(clue.claim for clue in kept), conclusion.text])
    return FineSample(
        sample_id=sample_id_of(evidence.clip_id, "fine", "reason"),
        clip_id=evidence.clip_id,
        text_hash=text_hash_of(caption),
        made_by=_maker(clues.made_by),
        pseu_emotion=decision.label,
        label_source=decision.source,
        label_policy=decision.policy,
        mode=clues.mode,
        clues=kept,
        conclusion=conclusion.text,
        smp_reason_caption=caption,
        flags=(
            *evidence.flags,
            *_flags(checks, settings),
            *_own_flags(decision, clues, settings),
            *conclusion.flags,
        ),
        claims=tuple(_claims(checks, settings)),
        own_label=clues.own_label,
        own_confidence=clues.own_confidence,
        label_agrees=_agrees(decision, clues),
    )


def _claims(checks: tuple[ClueCheck, ...], settings: FineSettings) -> Iterator[ClaimCheck]:
    """Claims of all clues, numbered by the clues kept."""
    kept = 0
    for checked in checks:
        stays = _stays(checked, settings)
        for claim in checked.claims:
            yield claim.model_copy(update={"clue": kept if stays else None})
        kept += stays


def _agrees(decision: LabelDecision, clues: Clues) -> bool | None:
    """Whether the clue writer came to the same label. None: it gave none of its own."""
    return None if clues.own_label is None else clues.own_label == decision.label


def _own_flags(decision: LabelDecision, clues: Clues, settings: FineSettings) -> tuple[str, ...]:
    claims = {
        "label_disagrees": _agrees(decision, clues) is False and settings.on_disagreement == "flag",
        "injection_obeyed": clues.injection == "obeyed",
        "label_told": clues.mode == "told",
    }
    return tuple(name for name, holds in claims.items() if holds)


def _stays(checked: ClueCheck, settings: FineSettings) -> bool:
    if checked.verdict == "unverifiable":
        return settings.keep_unverifiable
    return checked.verdict == "supported"


def _refusal(
    decision: LabelDecision,
    checks: tuple[ClueCheck, ...],
    kept: tuple[Clue, ...],
    evidence: Evidence,
    moment: PeakMoment,
    settings: FineSettings,
) -> Rejection | None:
    clip_id = evidence.clip_id
    if against := _contradicted(checks, settings):
        return _reject(clip_id, "contradiction", f"a {against.clue.modality} clue {against.reason}")
    if settings.reject_other_face and (other := _other_face(decision, evidence, moment)):
        return _reject(clip_id, "contradiction", other)
    if not kept:
        return _reject(clip_id, "no_evidence", _none_left(checks))
    covered = sorted({clue.modality for clue in kept})
    if len(covered) < settings.min_modalities:
        found = f"clues on {' and '.join(covered)} only, fine samples need"
        least = settings.min_modalities
        return _reject(clip_id, "too_few_modalities", f"{found} {least} modalities")
    return None


def _contradicted(checks: tuple[ClueCheck, ...], settings: FineSettings) -> ClueCheck | None:
    """A clue that costs the clip its sample."""
    if settings.contradicted == "drop":
        return None
    return next((c for c in checks if c.verdict == "contradicted" and not c.by_proxy), None)


def _other_label(decision: LabelDecision, clues: Clues) -> str:
    return (
        f"the label is {decision.label!r}, the clue writer came to {clues.own_label!r} "
        f"(confidence {clues.own_confidence}) without seeing it; review the label"
    )


def _none_left(checks: tuple[ClueCheck, ...]) -> str:
    """Says of every clue why it is gone."""
    said = "; ".join(f"{c.clue.modality}: {c.reason or c.verdict}" for c in checks)
    return f"no clue stood up to its evidence ({said})" if said else "no clue was written"


def _other_face(decision: LabelDecision, evidence: Evidence, moment: PeakMoment) -> str | None:
    """Why the face speaks for another label than the one decided; None where it does not."""
    rules, seen = merr_au_rules(), moment.peak_au_list
    label = decision.label
    bound = label in rules.sets and label not in rules.plain_names
    if not bound or decision.source == "review" or PROXY_FLAG in evidence.flags:
        return None
    if rules.matching(label, seen):
        return None
    complete = [
        other
        for other, units in rules.sets.items()
        if len(units) >= LEAST_COMPLETE and units <= set(seen)
    ]
    if not complete:
        return None
    return (
        f"the peak shows no action unit of {label!r} and all of {complete[0]!r} "
        f"({', '.join(sorted(rules.sets[complete[0]]))}); review the label"
    )


def _flags(checks: tuple[ClueCheck, ...], settings: FineSettings) -> tuple[str, ...]:
    claims = {
        "clues_dropped": any(not _stays(c, settings) for c in checks),
        "clues_unverified": any(
            c.verdict == "unverifiable" and _stays(c, settings) for c in checks
        ),
    }
    return tuple(name for name, holds in claims.items() if holds)


def _maker(writer: Maker) -> Maker:
    """The clue writer's model and prompt, and the versions of both hands."""
    return writer.model_copy(update={"version": f"fine {VERSION}, clues {writer.version}"})


def _reject(clip_id: str, rule: str, reason: str) -> Rejection:
    return Rejection(subject="clip", id=clip_id, stage=STAGE, rule=rule, reason=reason)
