"""Numbers with a unit that a text gives for a voice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from annotators.claims import masked

ROUGHLY: Final = 0.1  # "about 230 Hz" for 215 is no lie (ours)
_NUMBER: Final = r"(?<![\w.])(?P<number>\d+(?:\.\d+)?)\s?"
_UNITS: Final = {
    r"(?:hz|hertz|\u8d6b\u5179)": ("voice.f0_median_hz", "voice.f0_low_hz", "voice.f0_high_hz"),
    r"semitones?\b(?! (?:per|a) second)": ("voice.f0_sd_semitones",),
    r"syllables (?:per|a|each) second": ("voice.syllables_per_s",),
    r"words (?:per|a|each) second": ("voice.words_per_s",),
}
_PATTERNS: Final = tuple((re.compile(_NUMBER + unit), keys) for unit, keys in _UNITS.items())


@dataclass(frozen=True)
class Amount:
    words: str
    start: int
    end: int
    value: float
    decimals: int
    keys: tuple[str, ...]  # items that hold the same measure

    def is_near(self, measured: float) -> bool:
        """Equal within the rounding that it is written with, or roughly."""
        rounding: float = 0.5 * 10**-self.decimals + 1e-9
        return abs(self.value - measured) <= max(rounding, ROUGHLY * measured)


def amounts_in(text: str) -> Iterator[Amount]:
    plain = masked(text)
    for pattern, keys in _PATTERNS:
        for match in pattern.finditer(plain):
            digits = match.group("number")
            yield Amount(
                words=text[match.start() : match.end()],
                start=match.start(),
                end=match.end(),
                value=float(digits),
                decimals=len(digits.partition(".")[2]),
                keys=keys,
            )
