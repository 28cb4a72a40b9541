"""Which measurable things a text speaks of: movements of a face, the sound of a voice, a picture.

Words are bound by nearness: "raised" to the nearest part of the face, and where that is a hand, to
nothing. Quoted words are never read. What is denied and what is only supposed is marked.
"""

import re
from dataclasses import dataclass
from typing import Final

from annotators.binding import Hit, hits_in
from annotators.claims import masked, stretches_in
from annotators.meanings import Count, Measured, Reading, Units, lexicon

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
_COMPARED: Final = re.compile(
    r"\b(?:faster|quicker|slower|louder|softer|quieter|higher|lower|deeper|more|less)\b"
)
_CORPUS: Final = re.compile(r"\bagainst \d+ clips\b")  # sentences of annotators/norm_words.py
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


def mentions_in(text: str, modality: Measured = "face") -> tuple[Mention, ...]:
    """In the order of the text; of a face without blinks, as peaks leave them out."""
    plain = masked(text)
    found: list[Mention] = []
    for start, end in stretches_in(text):
        hits = sorted(hits_in(plain, start, end, lexicon(modality)), key=lambda h: (h.start, h.end))
        for hit in hits:
            before = found[-1] if found and found[-1].start >= start else None
            found.append(_mention(text, plain, (start, end), hit, modality, before))
    return tuple(found)


def speaks_of(text: str, modality: Measured) -> bool:
    """Words of the modality stand there, measurable or not."""
    return lexicon(modality).cues.search(masked(text)) is not None


def _mention(
    text: str,
    plain: str,
    stretch: tuple[int, int],
    hit: Hit,
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
    if modality == "voice":  # than what, a text rarely says, and no published norm tells
        supposed = supposed or bool(_COMPARED.search(words) or _CORPUS.search(lead + words))
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


def _lead(plain: str, stretch: tuple[int, int], hit: Hit, before: Mention | None) -> str:
    """What may deny the hit: the words since the mention before it, or, where the two overlap,
    since the one before both."""
    if before is None:
        return plain[stretch[0] : hit.start]
    if before.end <= hit.start:
        return plain[before.end : hit.start]
    return plain[stretch[0] : min(before.start, hit.start)]
