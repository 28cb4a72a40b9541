"""Which measurable things a text speaks of: movements of a face, the sound of a voice, a picture.

Words are bound by nearness: "raised" to the nearest part of the face, and where that is a hand, to
nothing. Quoted words are never read. What is denied and what is only supposed is marked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from annotators.claims import masked, stretches_in
from annotators.meanings import Count, Lexicon, Measured, Move, Reading, Units, lexicon

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

_NOT: Final = (
    r"(?:no|not(?! only| just| merely| simply)|without|never|nor|neither|nobody|none|lacks?|"
    r"lacking|cannot|\w+n't|free of|absence of|lack of|(?:no|any) (?:trace|sign|hint) of)"
)
_NO_LINK: Final = r"(?!(?:and|but|while|yet)\b)"  # "without a hat and smiling" denies no smile
_DENIED: Final = re.compile(rf"\b{_NOT}(?:[^\w.,;:]+{_NO_LINK}[\w']+){{0,3}}[^\w.,;:]*$")
_DENIED_BETWEEN: Final = re.compile(r"\b(?:not(?! only| just| merely)|never|no|\w+n't)\b")
_CARRIED: Final = re.compile(r"^\W*(?:or|nor)\b(?:\W+\w+){0,2}\W*$")
_NOT_ZH: Final = (
    r"(?:没有|没|未|毫无|并无|(?<!忍)(?<!禁)(?<!止)不(?!禁|由|住|停|断|仅|但|只|过|同))"
)
_DENIED_ZH: Final = re.compile(rf"{_NOT_ZH}[^\W\d_]{{0,4}}$")
_DENIED_BETWEEN_ZH: Final = re.compile(_NOT_ZH)
_SUPPOSED: Final = re.compile(
    r"\b(?:as if|as though|would|might|could|may|about to|trying to|tries to|tried to|"
    r"attempts? to|rather than|instead of|anything but|far from|almost|nearly|barely|hardly|"
    r"scarcely|if|than|"
    rf"no longer|stops?|stopped|ceases?|used to)\b(?:\W+{_NO_LINK}[\w']+){{0,3}}\W*$"
)
_SUPPOSED_BETWEEN: Final = re.compile(
    r"\b(?:would|might|could|may|almost|barely|hardly|then)\b|\u7136\u540e|\u968f\u540e|\u63a5\u7740"
)
_OTHERS: Final = re.compile(
    r"\b(?:other|another|second|both|two)\b|\u53e6\u4e00|\u65c1\u8fb9"
)  # "one person ..., the other"
_SUPPOSED_ZH: Final = re.compile(
    r"(?:仿佛|好像|像是|想要|试图|本该|可能|几乎(?!没)|差点|如果|强忍|忍住|而不是|不再|停止)[^\W\d_]{0,4}$"
)


@dataclass(frozen=True)
class Mention:
    """Words of a text and what they claim."""

    words: str
    start: int  # in the text
    end: int
    modality: Measured
    readings: tuple[Reading, ...]  # any bears the words out; none: known words, no measure
    negated: bool  # "no smile"
    supposed: bool  # "as if to smile", "almost smiles": neither said nor denied

    @property
    def any_of(self) -> frozenset[str]:
        """Action units and signs that would bear it out."""
        units = [r.any_of for r in self.readings if isinstance(r, Units)]
        return frozenset().union(*units)


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    readings: tuple[Reading, ...]
    between: tuple[int, int] = (0, 0)  # of a part and its move


def mentions_in(text: str, modality: Measured = "face") -> tuple[Mention, ...]:
    """In the order of the text; of a face without blinks, as peaks leave them out."""
    plain = masked(text)
    found: list[Mention] = []
    for start, end in stretches_in(text):
        hits = sorted(_hits(plain, start, end, lexicon(modality)), key=lambda h: (h.start, h.end))
        for hit in hits:
            before = found[-1] if found and found[-1].start >= start else None
            found.append(_mention(text, plain, (start, end), hit, modality, before))
    return tuple(found)


def speaks_of(text: str, modality: Measured) -> bool:
    """Words of the modality stand there, measurable or not."""
    return lexicon(modality).cues.search(masked(text)) is not None


def _hits(plain: str, start: int, end: int, words: Lexicon) -> Iterator[_Hit]:
    taken: list[tuple[int, int]] = []
    whole = [
        _Hit(match.start(), match.end(), said.readings)
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
) -> Iterator[_Hit]:
    """Moves with the nearest part, where they belong to it."""
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
            yield _Hit(min(part_start, at), max(part_end, until), move.readings, between)


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


def _mention(
    text: str,
    plain: str,
    stretch: tuple[int, int],
    hit: _Hit,
    modality: Measured,
    before: Mention | None,
) -> Mention:
    lead, between = _lead(plain, stretch, hit, before), plain[slice(*hit.between)]
    words = plain[hit.start : hit.end]
    negated = bool(
        _DENIED.search(lead)
        or _DENIED_ZH.search(lead)
        or _DENIED_BETWEEN.search(between)
        or _DENIED_BETWEEN_ZH.search(between)
        or re.search(r"\b(?:is|are) not\b", words)
    )
    if before is not None and before.negated and hit.start >= before.end:
        negated = negated or bool(_CARRIED.search(plain[before.end : hit.start]))
    supposed = bool(
        _SUPPOSED.search(lead) or _SUPPOSED_ZH.search(lead) or _SUPPOSED_BETWEEN.search(between)
    )
    if Count(1) in hit.readings:  # one of several may be meant
        supposed = supposed or bool(_OTHERS.search(plain))
    return Mention(
        words=text[hit.start : hit.end],
        start=hit.start,
        end=hit.end,
        modality=modality,
        readings=hit.readings,
        negated=negated,
        supposed=supposed,
    )


def _lead(plain: str, stretch: tuple[int, int], hit: _Hit, before: Mention | None) -> str:
    """What may deny the hit: the words since the mention before it, or, where the two overlap,
    since the one before both."""
    if before is None:
        return plain[stretch[0] : hit.start]
    if before.end <= hit.start:
        return plain[before.end : hit.start]
    return plain[stretch[0] : min(before.start, hit.start)]


def _overlaps(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < until and at < end for at, until in spans)
