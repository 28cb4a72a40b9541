"""Which facial movements a text speaks of: by code, FACS name, our phrases or lay words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from annotators.wording import Phrase, face_wording
from schemas.au import BLINK, FACS_NAMES

_CODE: Final = re.compile(r"\bau\s?0?(\d{1,2})\b")
_NEGATED: Final = re.compile(
    r"\b(?:no|not|without|never|nor|neither|lacks?|isn't|aren't)\b(?:[^\w.,;:]+\w+){0,2}[^\w.,;:]*$"
)


@dataclass(frozen=True)
class Mention:
    """Words of a text that any of these units or signs would bear out."""

    words: str
    any_of: frozenset[str]
    negated: bool  # "no smile"


def mentions_in(text: str) -> tuple[Mention, ...]:
    """Movements that a text names, in any order; blinks are left out, as peaks leave them out."""
    lowered = " ".join(text.lower().replace("\u2019", "'").split())
    return tuple(
        Mention(match.group(), any_of, bool(_NEGATED.search(lowered[: match.start()])))
        for match, any_of in _matches(lowered)
    )


def _matches(lowered: str) -> Iterator[tuple[re.Match[str], frozenset[str]]]:
    for match in _CODE.finditer(lowered):
        if (au := f"AU{int(match.group(1)):02d}") != BLINK:
            yield match, frozenset({au})
    taken: list[tuple[int, int]] = []
    for pattern, any_of in _patterns():  # our phrases first: lay words inside one say no more
        for match in pattern.finditer(lowered):
            if not any(start <= match.start() and match.end() <= end for start, end in taken):
                taken.append(match.span())
                yield match, any_of


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    wording = face_wording()
    own = [
        (_said(phrase), frozenset({name}))
        for table in (wording.units, wording.signs)
        for name, variants in table.items()
        for phrase in variants
    ]
    names = [
        (re.compile(rf"\b{name}s?\b"), frozenset({au}))
        for au, name in FACS_NAMES.items()
        if au != BLINK
    ]
    lay = [
        (re.compile(rf"\b{re.escape(words)}"), frozenset(entry.any_of))
        for entry in wording.lay
        for words in entry.words
    ]
    return (*own, *names, *lay)


def _said(phrase: Phrase) -> re.Pattern[str]:
    """A phrase as clause or list item, with or without an adverb."""
    return re.compile(
        rf"\b{re.escape(phrase.subject)}(?: {phrase.verb})?(?: \w+ly)? "
        rf"{re.escape(phrase.participle)}\b"
    )
