"""A text in atomic claims: its sentences, and their clauses. English and Chinese."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A single mark opens a quote where no word ends, and closes it where none goes on: "the boys' eyes"
# opens none, "don't" closes none.
_SINGLE: Final = (
    r"(?<![\w'])'(?=[^\s'])(?:[^'\"\n]|(?<=\w)'(?=\w))+?(?<=[^\s'])'(?![\w'])|"
    "\u2018(?:[^\u2018\u2019\n]|(?<=\\w)\u2019(?=\\w))+\u2019(?!\\w)"
)
QUOTED: Final = re.compile(
    f'"[^"]*"|\u201c[^\u201d]*\u201d|«[^»]*»|\u300c[^\u300d]*\u300d|{_SINGLE}'
)
_HIDDEN: Final = "\x01"  # no word and no stop
_SENTENCE: Final = re.compile(r"[.!?](?=[\s)\x01]|$)|[\u3002\uff01\uff1f\uff1b;\n]")
_AND: Final = (
    r"(?:and|but|while|whereas|although|though|which|so|yet|as|because|suggesting|indicating|"
    r"implying|conveying|confirming|with)"
)
_CLAUSE: Final = re.compile(
    rf"[\uff0c\uff1a\u2014:](?!\s*\x01)|,(?=\s+{_AND}\b)|"
    r"\s(?=(?:and|but|while|whereas|although|though)\s+(?:he|she|they|it|his|her|their|its|the)\s)|"
    r"\s(?=(?:but|while|whereas|although)\s)"
)
_STRETCH: Final = re.compile(r"[\uff0c\uff1a\u3001]")  # Chinese binds no word across these
_BARE: Final = " \t\n,;:.!?\u2014\u3002\uff0c\uff1b\uff1a\u3001\uff01\uff1f"


@dataclass(frozen=True)
class Claim:
    """A clause of a text, with the quotes in it."""

    text: str
    start: int  # in the whole text
    end: int


def masked(text: str) -> str:
    """As long as the text, in lower case, hyphens as spaces, and quoted words hidden; a stop at
    the end of a quote stays, for it ends the sentence around it."""
    plain = QUOTED.sub(_hidden, text).replace("\u2019", "'").replace("\u2018", "'")
    plain = _lower(plain)
    return re.sub(r"[-\u2010-\u2013\n\t]", " ", plain)


def _lower(text: str) -> str:
    """As long as the text, whatever its letters: one becomes two in lower case."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _hidden(quote: re.Match[str]) -> str:
    words, rest = quote.group(), quote.string[quote.end() :].lstrip()
    goes_on = rest[:1].islower() or rest[:1] in tuple(",;:")
    stop = words[-2] if words[-2] in ".!?\u3002\uff01\uff1f" and not goes_on else _HIDDEN
    return _HIDDEN * (len(words) - 1) + stop


def claims_in(text: str) -> tuple[Claim, ...]:
    """Clauses in order; none is empty, and none is cut inside a quote."""
    plain = masked(text)
    spans = [
        span for start, end in _cut(plain, 0, len(text), _SENTENCE)
        for span in _cut(plain, start, end, _CLAUSE)
    ]  # fmt: skip
    found = (_claim(text, start, end) for start, end in spans)
    return tuple(claim for claim in found if claim is not None)


def stretches_in(text: str) -> tuple[tuple[int, int], ...]:
    """Where words may belong together: an English sentence, a Chinese clause."""
    plain = masked(text)
    return tuple(
        span
        for start, end in _cut(plain, 0, len(text), _SENTENCE)
        for span in _cut(plain, start, end, _STRETCH)
    )


def _cut(plain: str, start: int, end: int, where: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    last = start
    for match in where.finditer(plain, start, end):
        yield last, match.end()
        last = match.end()
    if last < end:
        yield last, end


def _claim(text: str, start: int, end: int) -> Claim | None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(_BARE))
    words = text[start:end].rstrip(_BARE)
    return Claim(words, start, start + len(words)) if any(c.isalnum() for c in words) else None
