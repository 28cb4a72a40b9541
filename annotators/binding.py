"""Words that belong together: phrases, and moves with the part that stands nearest to them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from annotators.meanings import Lexicon, Measured, Move, Reading

# Words between a part and its move, a comma counted as two more and "and" as one more. Light and
# speed are said of so many things ("in a room, wearing a dark suit") that they must stand close.
MOST_BETWEEN: Final[dict[Measured, float]] = {"face": 6, "voice": 2.5, "scene": 2.5}
_COMMA_COSTS: Final = 2.0
_AND_COSTS: Final = 1.0
_LISTED: Final = re.compile(r"[ ,]*(?:and|or|but)?[ ,]*")
_LIST_COSTS: Final = 0.5
_WHOSE: Final = ("the", "a", "an", "his", "her", "their", "its", "my", "both", "is", "are", "was")
_WHOSE_COSTS: Final = 0.25  # "his mouth wide, and raised his brows": less than the list before it
_HAN_COSTS: Final = 0.4  # a Chinese character


@dataclass(frozen=True)
class Hit:
    start: int
    end: int
    readings: tuple[Reading, ...]
    between: tuple[int, int] = (0, 0)  # of a part and its move


def hits_in(plain: str, start: int, end: int, words: Lexicon) -> Iterator[Hit]:
    taken: list[tuple[int, int]] = []
    whole = [
        Hit(match.start(), match.end(), said.readings)
        for said in (*words.phrases, *words.counts)
        for match in said.pattern.finditer(plain, start, end)
    ]
    for hit in sorted(whole, key=lambda h: (h.start - h.end, h.start)):  # longest first
        if not _overlaps(hit.start, hit.end, taken):
            taken.append((hit.start, hit.end))
            yield hit
    parts = _parts(plain, start, end, words, taken)
    yield from _bound(plain, start, end, words, parts, taken)


def _parts(
    plain: str, start: int, end: int, words: Lexicon, taken: Sequence[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Start, end and name; of overlapping ones the longest."""
    found = [
        (match.start(), match.end(), name)
        for name, pattern in words.parts
        for match in pattern.finditer(plain, start, end)
    ]
    kept: list[tuple[int, int, str]] = []
    for part in sorted(found, key=lambda p: (p[0] - p[1], p[0])):
        if not _overlaps(part[0], part[1], [*taken, *((s, e) for s, e, _ in kept)]):
            kept.append(part)
    return kept


def _bound(
    plain: str,
    start: int,
    end: int,
    words: Lexicon,
    parts: Sequence[tuple[int, int, str]],
    taken: Sequence[tuple[int, int]],
) -> Iterator[Hit]:
    """Moves with the nearest part, where they belong to it."""
    if not parts:
        return
    matches = [
        (match.start(), match.end(), move)
        for move in words.moves
        for match in move.pattern.finditer(plain, start, end)
        if not _overlaps(match.start(), match.end(), taken)
    ]
    bare = _without(plain, [*taken, *((at, until) for at, until, _ in matches)])
    bound: dict[tuple[int, int], list[tuple[int, int, Move]]] = {}
    for at, until, move in matches:
        part = _nearest(plain, bare, at, until, parts, MOST_BETWEEN[words.modality])
        if part is not None and part[2] in move.parts:
            bound.setdefault(part[:2], []).append((at, until, move))
    for (part_start, part_end), found in bound.items():
        used: list[tuple[int, int]] = []
        seen: set[int] = set()
        for at, until, move in sorted(found, key=lambda f: (f[0] - f[1], f[0])):
            if _overlaps(at, until, used) or id(move) in seen:
                continue
            used.append((at, until))
            seen.add(id(move))
            between = (min(part_end, until), max(part_start, at))
            yield Hit(min(part_start, at), max(part_end, until), move.readings, between)


def _without(plain: str, spans: Sequence[tuple[int, int]]) -> str:
    """With spaces for what is said: in "a deep, hoarse voice" both words are the voice's."""
    letters = list(plain)
    for start, end in spans:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def _nearest(
    plain: str, bare: str, start: int, end: int, parts: Sequence[tuple[int, int, str]], most: float
) -> tuple[int, int, str] | None:
    apart = [
        (_distance(plain[gap], bare[gap]), part)
        for part in parts
        if part[1] <= start or part[0] >= end
        for gap in [slice(min(part[1], end), max(part[0], start))]
    ]
    near = [(cost, part) for cost, part in apart if cost <= most]
    return min(near, key=lambda found: (found[0], -found[1][0]))[1] if near else None


def _distance(gap: str, bare: str) -> float:
    """Words between, what parts them counted in; `bare` is the gap without what is said there."""
    if not gap.strip():
        return 0.0
    if _LISTED.fullmatch(bare):
        return _LIST_COSTS
    han = sum("\u3400" <= letter <= "\u9fff" for letter in bare)
    words = [word for word in re.findall(r"[a-z']+", bare) if word != "and"]
    cost = sum(_WHOSE_COSTS if word in _WHOSE else 1.0 for word in words) + _HAN_COSTS * han
    return cost + _COMMA_COSTS * bare.count(",") + _AND_COSTS * bare.count(" and ")


def _overlaps(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < until and at < end for at, until in spans)
