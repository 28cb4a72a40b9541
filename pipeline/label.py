"""The label of a clip: opinions are gathered, a named policy decides between them."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Final, Protocol

from pydantic import Field

from schemas.au import AuRules, merr_au_rules
from schemas.clip import Clip
from schemas.face import FaceTrack
from schemas.failure import Rejection
from schemas.label import Label, LabelDecision, LabelSource
from schemas.peak import Peak
from schemas.units import Probability, Row

STAGE: Final = "label"


class GivenLabel(Protocol):
    """A label that somebody wrote down for a video or for a span of it."""

    @property
    def label(self) -> str: ...
    @property
    def valence(self) -> float | None: ...
    @property
    def start_s(self) -> float | None: ...  # from the start of the video; None: the whole video
    @property
    def end_s(self) -> float | None: ...
    @property
    def source(self) -> str: ...  # the file that says so


class LabelSettings(Row):
    order: tuple[LabelSource, ...] = Field(
        default=("review", "given", "au_rule"),
        min_length=1,
        description="Sources that may label a clip, the most trusted first; others are not heard.",
    )
    au_rule: bool = Field(
        default=False,
        description="Let the action units at the peak name a label where exactly one fits; "
        "never from proxies (the mesh engine), never neutral.",
    )
    au_filter: bool = Field(
        default=False,
        description="Keep a clip only when its peak shows action units of its label, as MERR did; "
        "neutral is exempt.",
    )
    min_confidence: Probability = Field(
        default=0.5,
        description="An opinion that names its confidence is heard from this value on.",
    )


def policy_name(settings: LabelSettings) -> str:
    """What rows say about how their label was chosen, e.g. "review > given + au_filter"."""
    order = " > ".join(s for s in settings.order if s != "au_rule" or settings.au_rule)
    return f"{order} + au_filter" if settings.au_filter else order


def opinions(
    clip: Clip,
    given_labels: Iterable[GivenLabel],
    peak: Peak,
    track: FaceTrack,
    settings: LabelSettings,
) -> list[Label]:
    """Every opinion on one clip: those given for it (pipeline.given.labels_of), then that of the
    action unit rules."""
    found = [_given(clip.clip_id, given) for given in given_labels]
    # A peak chosen with the label in view would only say the label again.
    if settings.au_rule and not track.proxy and not peak.label_seen:
        found += _by_rule(peak)
    return found


def decide(
    clip_id: str,
    found: Sequence[Label],
    settings: LabelSettings,
    peak: Peak | None = None,
) -> LabelDecision | Rejection:
    """The label of the most trusted source that says one; of several, the one with most weight.

    Rejections: no_label, label_conflict (equal weight for different labels) and, with
    `au_filter`, au_filter (the face at `peak` does not support the label).
    """
    heard = [o for o in found if o.confidence is None or o.confidence >= settings.min_confidence]
    source = next((s for s in settings.order if any(o.source == s for o in heard)), None)
    if source is None:
        return _reject(clip_id, "no_label", _nobody_spoke(found, settings))
    winners = _heaviest([o for o in heard if o.source == source])
    if len(winners) > 1:
        return _reject(
            clip_id,
            "label_conflict",
            f"{source} labels disagree with equal weight: {', '.join(winners)}; "
            "settle it in the labels or by review",
        )
    if settings.au_filter and (reason := unsupported(winners[0], peak)) is not None:
        return _reject(clip_id, "au_filter", reason)
    return LabelDecision(
        clip_id=clip_id,
        label=winners[0],
        source=source,
        policy=policy_name(settings),
        valence=_valence(winners[0], found),
        opinions=tuple(found),
    )


def unsupported(label: str, peak: Peak | None) -> str | None:
    """Why the face at the peak does not support a label; None when it does.

    MERR's filter: the peak shows at least one unit of the label's set (fear: five). Neutral has
    no set and is exempt.
    """
    rules = merr_au_rules()
    if label in rules.plain_names:
        return None
    if label not in rules.sets:
        return f"the action unit rules {rules.version} have no set for {label!r}"
    if peak is None or peak.moment is None:
        return f"no peak frame, so nothing supports {label!r}"
    if _fits(rules, label, peak.moment.peak_au_list):
        return None
    shown = ", ".join(peak.moment.peak_au_list) or "no action unit"
    return (
        f"the peak shows {shown}; {label!r} needs at least {rules.least.get(label, 1)} of "
        f"{', '.join(sorted(rules.sets[label]))}"
    )


def _given(clip_id: str, given: GivenLabel) -> Label:
    return Label(
        clip_id=clip_id,
        label=given.label,
        weight=1.0,
        source="given",
        version=given.source,
        confidence=None,
        valence=given.valence,
    )


def _by_rule(peak: Peak) -> list[Label]:
    """One opinion where exactly one label fits the peak; none where several do."""
    rules = merr_au_rules()
    seen = peak.moment.peak_au_list if peak.moment else ()
    fitting = [label for label in rules.sets if _fits(rules, label, seen)]
    if len(fitting) != 1 or fitting[0] in rules.plain_names:
        return []
    return [
        Label(
            clip_id=peak.clip_id,
            label=fitting[0],
            weight=1.0,
            source="au_rule",
            version=rules.version,
            confidence=None,
        )
    ]


def _fits(rules: AuRules, label: str, seen: tuple[str, ...]) -> bool:
    return len(rules.matching(label, seen)) >= rules.least.get(label, 1)


def _heaviest(equals: Sequence[Label]) -> list[str]:
    weights: dict[str, float] = {}
    for opinion in equals:
        weights[opinion.label] = weights.get(opinion.label, 0.0) + opinion.weight
    most = max(weights.values())
    return sorted(label for label, weight in weights.items() if most - weight < 1e-9)


def _valence(label: str, found: Sequence[Label]) -> float | None:
    """Mean of the valences given beside this label."""
    known = [o.valence for o in found if o.label == label and o.valence is not None]
    return fmean(known) if known else None


def _nobody_spoke(found: Sequence[Label], settings: LabelSettings) -> str:
    asked = policy_name(settings)
    if not found:
        return f"nobody labels this clip (asked: {asked}); add it to a labels file"
    unheard = ", ".join(sorted({f"{o.label} ({o.source})" for o in found}))
    return f"the policy {asked} hears none of the labels found: {unheard}"


def _reject(clip_id: str, rule: str, reason: str) -> Rejection:
    return Rejection(subject="clip", id=clip_id, stage=STAGE, rule=rule, reason=reason)
