"""Grounding: every clue is split into claims, and every claim is held against the evidence.

A claim is supported, contradicted or unverifiable. A clue is judged by its claims and by two
rules that are about the clue and not about the clip: it must not name a label (leaks_label), and
what it says must rest on what it cites (unsupported).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from annotators.claims import Claim
from annotators.mentions import Mention, mentions_in
from pipeline.claim_checks import claim_checks, claim_row
from pipeline.face_window import FaceWindow, face_window
from pipeline.judging import OPEN, Finding
from pipeline.leakage import leaked_words, outside_quotes
from pipeline.quoting import plain_words, quotes_of
from schemas.clues import ClaimCheck, Clue, Clues
from schemas.evidence import Evidence, EvidenceItem
from schemas.face import FaceTrack
from schemas.label import Vocabulary
from schemas.peak import Peak
from schemas.units import Row

ClueVerdict = Literal["supported", "unsupported", "contradicted", "unverifiable", "leaks_label"]

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?P<percent>\s?(?:%|percent|per cent))?")
_NO_MEASURE: Final = re.compile(  # codes of units, and ends of the intensity scale
    r"\bau\s?\d{1,2}\b|(?:\bout of|\bof|/)\s?5\b|\b0\s?(?:-|\u2013|to)\s?5\b", re.IGNORECASE
)


class ClueCheck(Row):
    """supported: something in the clue was compared with the evidence and nothing failed;
    unverifiable: nothing failed, but nothing could be compared either; the rest failed."""

    clue: Clue
    verdict: ClueVerdict
    reason: str | None  # why it failed
    claims: tuple[ClaimCheck, ...]

    @property
    def by_proxy(self) -> bool:
        """Only movements computed from geometry speak against it."""
        against = [claim for claim in self.claims if claim.verdict == "contradicted"]
        return bool(against) and all(claim.proxy for claim in against)


@dataclass(frozen=True)
class _Case:
    clue: Clue
    cited: tuple[EvidenceItem, ...]
    evidence: Evidence
    window: FaceWindow
    vocabulary: Vocabulary


@dataclass(frozen=True)
class _Fault:
    verdict: ClueVerdict
    reason: str


_Rule = Callable[[_Case], Iterator[_Fault]]


def check(
    clues: Clues,
    evidence: Evidence,
    *,
    vocabulary: Vocabulary,
    peak: Peak | None = None,
    track: FaceTrack | None = None,
) -> tuple[ClueCheck, ...]:
    """One verdict per clue, in order. Without `track` a face is judged by its peak frame alone,
    without `peak` no movement is known to be absent, and none is contradicted."""
    window = face_window(evidence, peak, track)
    return tuple(
        _checked(clue, number, evidence, window, vocabulary)
        for number, clue in enumerate(clues.clues)
    )


def _checked(
    clue: Clue, number: int, evidence: Evidence, window: FaceWindow, vocabulary: Vocabulary
) -> ClueCheck:
    items = tuple(item for key in clue.evidence if (item := evidence.item(key)) is not None)
    case = _Case(clue, items, evidence, window, vocabulary)
    claims = (
        *claim_checks(clue.claim, evidence, window, clue.modality, number),
        *_numbers(case, number),
    )
    faults = [
        *(_Fault("contradicted", c.reason or "") for c in claims if c.verdict == "contradicted"),
        *(fault for rule in _RULES for fault in rule(case)),
    ]
    if faults:
        return ClueCheck(
            clue=clue, verdict=faults[0].verdict, reason=faults[0].reason, claims=claims
        )
    borne_out = any(
        claim.verdict == "supported" and claim.modality == clue.modality for claim in claims
    )
    verdict: ClueVerdict = "supported" if borne_out or _repeats_a_text(case) else "unverifiable"
    return ClueCheck(clue=clue, verdict=verdict, reason=None, claims=claims)


def _names_no_label(case: _Case) -> Iterator[_Fault]:
    if leaked := leaked_words(case.clue.claim, case.vocabulary):
        yield _Fault("leaks_label", f"names a label: {', '.join(leaked)}")


def _cites_what_exists(case: _Case) -> Iterator[_Fault]:
    known = {item.key for item in case.cited}
    strangers = [key for key in case.clue.evidence if key not in known]
    if strangers:
        yield _Fault("unsupported", f"cites what was not measured: {', '.join(strangers)}")
    elif not any(item.modality == case.clue.modality for item in case.cited):
        yield _Fault("unsupported", f"a claim on the {case.clue.modality} that cites none of it")


def _quotes_what_is_known(case: _Case) -> Iterator[_Fault]:
    spoken = any(item.modality == "words" for item in case.evidence.items)
    cited = [plain_words(item.text) for item in case.cited if item.text]
    for quote in quotes_of(case.clue.claim):
        if not spoken and not any(plain_words(quote.words).strip() in text for text in cited):
            yield _Fault("unsupported", f'quotes, and nobody wrote the words down: "{quote.words}"')


def _rests_on_what_it_cites(case: _Case) -> Iterator[_Fault]:
    if case.clue.modality == "face":
        for mention in mentions_in(case.clue.claim):
            if mention.any_of and not mention.negated and not mention.supposed:
                yield from _cited(case, mention)


def _cited(case: _Case, mention: Mention) -> Iterator[_Fault]:
    shown = {n for n in mention.any_of if case.evidence.item(f"face.{n}") is not None}
    cited = {item.key.removeprefix("face.") for item in case.cited}
    if shown & cited or any(getattr(r, "inverse", False) for r in mention.readings):
        return
    if shown:
        yield _Fault(
            "unsupported", f'"{mention.words}" rests on {_named(shown)}, which is not cited'
        )
    else:
        needed = f'"{mention.words}" needs {_named(mention.any_of)}'
        yield _Fault("unsupported", f"{needed}, which the evidence does not hold")


def _gives_cited_numbers(case: _Case) -> Iterator[_Fault]:
    if not any(item.value is not None for item in case.cited):
        for match in _numbers_in(case.clue.claim):
            if not any(_agrees(match, item) for item in case.cited):
                number = match.group().strip()
                yield _Fault("unsupported", f"gives {number}, which no cited item holds")


_RULES: Final[Sequence[_Rule]] = (
    _names_no_label,
    _cites_what_exists,
    _quotes_what_is_known,
    _rests_on_what_it_cites,
    _gives_cited_numbers,
)


def _numbers(case: _Case, number: int) -> Iterator[ClaimCheck]:
    """A number of a clue is a claim of its own, about the measures that the clue cites."""
    measured = any(item.value is not None for item in case.cited)
    for match in _numbers_in(case.clue.claim):
        keys = tuple(item.key for item in case.cited if _agrees(match, item))
        given = match.group().strip()
        finding = Finding("supported", keys) if keys else OPEN
        if not keys and measured:
            finding = Finding("contradicted", (), f"gives {given}, which no cited item holds")
        claim = Claim(case.clue.claim, 0, len(case.clue.claim))
        yield claim_row(
            claim, number, case.clue.modality, given, finding, case.evidence, case.window
        ).model_copy(update={"proxy": False})


def _numbers_in(text: str) -> Iterator[re.Match[str]]:
    return _NUMBER.finditer(_NO_MEASURE.sub(" ", outside_quotes(text)))


def _agrees(match: re.Match[str], item: EvidenceItem) -> bool:
    """Equal within the rounding that the number is written with."""
    percent = match.group("percent")
    digits = match.group().removesuffix(percent or "").strip()
    slack = 0.5 * 10 ** -len(digits.partition(".")[2]) + 1e-9
    values = [v for v in (item.value, item.start_s, item.end_s) if v is not None]
    if percent and item.value is not None:
        values.append(item.value * 100)
    if any(abs(float(digits) - value) <= slack for value in values):
        return True
    return any(m.group() == match.group() for m in _NUMBER.finditer(item.text or ""))


def _repeats_a_text(case: _Case) -> bool:
    """Says what a cited item says."""
    claim = plain_words(outside_quotes(case.clue.claim))
    texts = [plain_words(item.text) for item in case.cited if item.text]
    return bool(claim.strip()) and any(
        text.strip() and (claim in text or text in claim) for text in texts
    )


def _named(names: set[str] | frozenset[str]) -> str:
    return " or ".join(sorted(names))
