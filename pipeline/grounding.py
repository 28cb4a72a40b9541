"""Grounding: every clue is held against the evidence it cites, before anything rests on it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from annotators.mentions import Mention, mentions_in
from annotators.wording import quotable
from pipeline.leakage import leaked_words, outside_quotes, quotes_in
from schemas.clues import Clue, Clues
from schemas.evidence import Evidence, EvidenceItem
from schemas.label import Vocabulary
from schemas.peak import Peak
from schemas.units import Row

Verdict = Literal["supported", "unsupported", "contradicted", "unverifiable", "leaks_label"]

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?P<percent>\s?(?:%|percent|per cent))?")
_NO_MEASURE: Final = re.compile(  # codes of units, and ends of the intensity scale
    r"\bau\s?\d{1,2}\b|(?:\bout of|\bof|/)\s?5\b|\b0\s?(?:-|\u2013|to)\s?5\b", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class ClueCheck(Row):
    """supported: something in the claim was compared with the evidence and nothing failed;
    unverifiable: nothing failed, but nothing could be compared either; the rest failed."""

    clue: Clue
    verdict: Verdict
    reason: str | None  # why it failed

    @property
    def failed(self) -> bool:
        return self.reason is not None


@dataclass(frozen=True)
class _Case:
    clue: Clue
    cited: tuple[EvidenceItem, ...]
    evidence: Evidence
    absent: frozenset[str]  # units that the engine can tell and did not see at the peak
    vocabulary: Vocabulary


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    reason: str | None = None


_Rule = Callable[[_Case], Iterator[_Finding]]
_BORNE_OUT: Final = _Finding("supported")


def check(
    clues: Clues, evidence: Evidence, *, vocabulary: Vocabulary, peak: Peak | None = None
) -> tuple[ClueCheck, ...]:
    """One verdict per clue, in order. With `peak`, a movement it measured as absent contradicts;
    without it such a claim is unsupported, since a missing unit may also be an unknown one."""
    moment = peak.moment if peak is not None else None
    absent = (
        frozenset(unit.au for unit in moment.aus if not unit.present) if moment else frozenset()
    )
    return tuple(_checked(clue, evidence, absent, vocabulary) for clue in clues.clues)


def _checked(
    clue: Clue, evidence: Evidence, absent: frozenset[str], vocabulary: Vocabulary
) -> ClueCheck:
    items = tuple(item for key in clue.evidence if (item := evidence.item(key)) is not None)
    case = _Case(clue, items, evidence, absent, vocabulary)
    found = [finding for rule in _RULES for finding in rule(case)]
    failed = [finding for finding in found if finding.reason is not None]
    if failed:
        worst = next((f for f in failed if f.verdict == "contradicted"), failed[0])
        return ClueCheck(clue=clue, verdict=worst.verdict, reason=worst.reason)
    return ClueCheck(clue=clue, verdict="supported" if found else "unverifiable", reason=None)


def _names_no_label(case: _Case) -> Iterator[_Finding]:
    if leaked := leaked_words(case.clue.claim, case.vocabulary):
        yield _Finding("leaks_label", f"names a label: {', '.join(leaked)}")


def _cites_what_exists(case: _Case) -> Iterator[_Finding]:
    known = {item.key for item in case.cited}
    strangers = [key for key in case.clue.evidence if key not in known]
    if strangers:
        yield _Finding("unsupported", f"cites what was not measured: {', '.join(strangers)}")
    elif not any(item.modality == case.clue.modality for item in case.cited):
        yield _Finding("unsupported", f"a claim on the {case.clue.modality} that cites none of it")


def _quotes_what_was_said(case: _Case) -> Iterator[_Finding]:
    spoken = [item for item in case.evidence.items if item.modality == "words"]
    texts = [_words_of(item.text) for item in (*spoken, *case.cited) if item.text]
    for quote in quotes_in(case.clue.claim):
        if not any(_words_of(quote).strip() in text for text in texts):
            verdict: Verdict = "contradicted" if spoken else "unsupported"
            yield _Finding(verdict, f'quotes words that are not in the transcript: "{quote}"')
        else:
            yield _BORNE_OUT


def _names_movements_seen(case: _Case) -> Iterator[_Finding]:
    if case.clue.modality == "face":
        for mention in mentions_in(outside_quotes(case.clue.claim)):
            yield from _seen(case, mention)


def _seen(case: _Case, mention: Mention) -> Iterator[_Finding]:
    shown = {n for n in mention.any_of if case.evidence.item(f"face.{n}") is not None}
    cited = {item.key.removeprefix("face.") for item in case.cited}
    if mention.negated:
        if shown:
            yield _Finding(
                "contradicted", f'denies "{mention.words}", but {_named(shown)} is present'
            )
    elif shown & cited:
        yield _BORNE_OUT
    elif shown:
        yield _Finding(
            "unsupported", f'"{mention.words}" rests on {_named(shown)}, which is not cited'
        )
    else:
        units = {name for name in mention.any_of if name.startswith("AU")}
        measured = bool(units) and units <= case.absent
        yield _Finding(
            "contradicted" if measured else "unsupported",
            f'"{mention.words}" needs {_named(mention.any_of)}, which '
            + ("is absent at the peak" if measured else "the evidence does not hold"),
        )


def _gives_measured_numbers(case: _Case) -> Iterator[_Finding]:
    plain = _NO_MEASURE.sub(" ", outside_quotes(case.clue.claim))
    for match in _NUMBER.finditer(plain):
        if any(_agrees(match, item) for item in case.cited):
            yield _BORNE_OUT
        else:
            measured = any(item.value is not None for item in case.cited)
            yield _Finding(
                "contradicted" if measured else "unsupported",
                f"gives {match.group().strip()}, which no cited item holds",
            )


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


def _repeats_a_text(case: _Case) -> Iterator[_Finding]:
    claim = _words_of(outside_quotes(case.clue.claim))
    texts = [_words_of(item.text) for item in case.cited if item.text]
    if claim.strip() and any(text.strip() and (claim in text or text in claim) for text in texts):
        yield _BORNE_OUT


_RULES: Final[Sequence[_Rule]] = (
    _names_no_label,
    _cites_what_exists,
    _quotes_what_was_said,
    _names_movements_seen,
    _gives_measured_numbers,
    _repeats_a_text,
)


def _words_of(text: str) -> str:
    """Words alone, in lower case between spaces, so that `in` compares whole words."""
    plain = quotable(text).lower().replace("\u2019", "'").replace("\u2018", "'")
    return " " + " ".join(_WORD.findall(plain)) + " "


def _named(names: set[str] | frozenset[str]) -> str:
    return " or ".join(sorted(names))
