"""The conclusion of a fine sample: where the label comes from, and which clues bear on it.

A template can only say what a rule can tell: whether the units that the face clues cite belong to
the label's set. It does not pretend to have weighed a voice or words.
"""

from dataclasses import dataclass
from typing import Final

from annotators.wording import listing
from schemas.au import FACS_NAMES, AuRules
from schemas.clues import Clue
from schemas.label import LabelDecision, LabelSource
from schemas.peak import PeakMoment

_ORIGIN: Final[dict[LabelSource, str]] = {
    "given": "The label given for this clip",
    "review": "The label that a reviewer chose for this clip",
    "model": "The label that a model proposed for this clip",
    "au_rule": "The label that the action unit rule gives this clip",
}
_ESTIMATED: Final = ", estimated from geometry,"
_UNWEIGHED: Final = {"voice": "the voice", "words": "the words"}


@dataclass(frozen=True)
class Conclusion:
    text: str  # one sentence
    flags: tuple[str, ...]


def conclude(
    decision: LabelDecision,
    clues: tuple[Clue, ...],
    moment: PeakMoment,
    rules: AuRules,
    *,
    proxy: bool,
) -> Conclusion:
    """How the clues kept bear on the label, by the action unit rule and nothing else.

    `proxy`: the units were estimated from geometry, and the sentence says so.
    """
    shown = _cited_units(clues, moment)
    matched = rules.matching(decision.label, shown)
    verdict, flag = _verdict(decision, shown, matched, rules, _ESTIMATED if proxy else "")
    text = f'{_ORIGIN[decision.source]} is "{decision.label}": {verdict}{_rest(clues)}.'
    return Conclusion(text, (flag,) if flag else ())


def _cited_units(clues: tuple[Clue, ...], moment: PeakMoment) -> tuple[str, ...]:
    """Units that a clue on the face rests on, as far as the peak shows them."""
    keys = {key for clue in clues if clue.modality == "face" for key in clue.evidence}
    return tuple(au for au in moment.peak_au_list if f"face.{au}" in keys)


def _verdict(
    decision: LabelDecision,
    shown: tuple[str, ...],
    matched: tuple[str, ...],
    rules: AuRules,
    how: str,
) -> tuple[str, str | None]:
    """What the rule says of the face, and the flag that goes with it."""
    label, least = decision.label, rules.least.get(decision.label, 1)
    if label not in rules.sets or label in rules.plain_names:
        return "no action unit rule speaks for or against it", None
    if not shown:
        return "no movement of the face was found that could speak for it", "face_gives_no_support"
    if not matched:
        return (
            f"by the action unit rule none of the facial movements described{how} supports it",
            "face_gives_no_support",
        )
    named = listing([f"{FACS_NAMES[au]} ({au})" for au in matched])
    if len(matched) < least:
        return (
            f"the facial movements described{how} support it only in part, with {named}, where "
            f"the action unit rule asks for {least} units",
            "face_gives_part_support",
        )
    if decision.source == "au_rule":
        return f"it follows from {named}, so that the face is no support of its own", None
    support = f"by the action unit rule the face{how} supports it, with {named}"
    others = _fit_better(label, matched, shown, rules)
    if others:
        doubt = f"{support}, but more of the movements fit {' or '.join(others)}"
        return doubt, "face_gives_others_more"
    return support, None


def _fit_better(
    label: str, matched: tuple[str, ...], shown: tuple[str, ...], rules: AuRules
) -> list[str]:
    """Labels whose set holds more of the units shown than this label's does."""
    fits = {other: len(rules.matching(other, shown)) for other in rules.sets if other != label}
    return [
        other
        for other, units in sorted(fits.items())
        if units > len(matched) and units >= rules.least.get(other, 1)
    ]


def _rest(clues: tuple[Clue, ...]) -> str:
    """What was described and not weighed: nothing here can tell what a voice or words mean."""
    modalities = {clue.modality for clue in clues}
    named = [words for modality, words in _UNWEIGHED.items() if modality in modalities]
    if not named:
        return ""
    verb = "is" if named == ["the voice"] else "are"
    return f"; {listing(named)} {verb} reported, not weighed"
