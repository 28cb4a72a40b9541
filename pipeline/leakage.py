"""Label words in a text: a clue that names a label is no evidence for it."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from schemas.label import Vocabulary

_QUOTED: Final = re.compile('"[^"]*"|“[^”]*”|«[^»]*»')


def outside_quotes(text: str) -> str:
    return _QUOTED.sub(" ", text)


def quotes_in(text: str) -> tuple[str, ...]:
    """What stands between double quotes, without them."""
    return tuple(match.group()[1:-1] for match in _QUOTED.finditer(text))


def leaked_words(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Words outside quotes that are a label or alias or derived from one ("happily"), in order."""
    words = (*vocabulary.labels, *vocabulary.aliases)
    return tuple(match.group() for match in _pattern(words).finditer(outside_quotes(text).lower()))


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    stems = sorted({stem for word in words for stem in _stems(word)}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(stems)})\b")


def _stems(word: str) -> Iterator[str]:
    """Patterns of a word and its usual endings: sadly, happiness, surprising, doubtful."""
    lowered = word.lower()
    yield re.escape(lowered) + r"(?:s|d|ed|ing|ly|ity|er|est|ful|fully|less|ness|ment)?"
    if lowered.endswith("y"):
        yield re.escape(lowered[:-1]) + r"(?:ily|iness|ier|iest|ied|ies)"
    if lowered.endswith("e"):
        yield re.escape(lowered[:-1]) + r"(?:ing|ingly)"
    if lowered[-1:] in set("bdgmnpt"):
        yield re.escape(lowered + lowered[-1]) + r"(?:er|est|ing|ed|en)"
