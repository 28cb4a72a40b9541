"""What stands out in a voice against the norms of a corpus. The words are data:
phrases/norms.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from annotators.wording import listing
from schemas.norms import LEVELS, ClassNorm, MeasureNorm, Norms

MOST: Final = 4  # that one sentence names; of more, those of the outer tenths come first (ours)
_LEAST, _LESS, _MORE, _MOST = (LEVELS.index(level) for level in (0.1, 0.25, 0.75, 0.9))
# Two measures of one thing: the first is told where both are known.
_INSTEAD: Final = {"words_per_s": "syllables_per_s", "level_dbfs": "loudness_sma3_amean"}
_CLASSES: Final = {"all": "", "low": " with a low voice", "high": " with a high voice"}


def compare(
    measures: Mapping[str, float | None], norms: Norms, *, f0_median_hz: float | None
) -> str:
    """One sentence: "Against 412 clips with a low voice, it moves much more in pitch (...)."

    `measures` by the names of columns; those that are None, or that the norms do not hold, are
    not told.
    """
    norm = norms.class_of(f0_median_hz)
    against = f"Against {norm.clips} clips{_CLASSES[norm.name]}"
    told = _standing_out(measures, norm)
    if not told:
        return f"{against}, no measure of it stands out."
    return f"{against}, it {listing(told)}."


def compared_in(text: str, measures: Mapping[str, float | None]) -> tuple[str, ...]:
    """Names of the measures whose figures a text of `compare` gives."""
    return tuple(
        name
        for name, phrase in _phrases().items()
        if (value := measures.get(name)) is not None
        and f"({phrase['figure'].format(value)})" in text
    )


def _standing_out(measures: Mapping[str, float | None], norm: ClassNorm) -> list[str]:
    """Phrases in the order of the table."""
    found: dict[str, tuple[int, str]] = {}
    for name, phrase in _phrases().items():
        value, known = measures.get(name), norm.of(name)
        if value is None or known is None or measures.get(_INSTEAD.get(name, "")) is not None:
            continue
        side = _side(value, known)
        if side:
            found[name] = (abs(side), _worded(phrase, side, value))
    kept = sorted(found, key=lambda name: -found[name][0])[:MOST]
    return [words for name, (_, words) in found.items() if name in kept]


def _side(value: float, norm: MeasureNorm) -> int:
    """-2 in the lowest tenth, -1 below the middle half, 0 in it, 1 above, 2 in the highest."""
    q = norm.quantiles
    below = (value < q[_LESS]) + (value < q[_LEAST])
    return (value > q[_MORE]) + (value > q[_MOST]) - below


def _worded(phrase: Mapping[str, str], side: int, value: float) -> str:
    words = phrase["more" if side > 0 else "less"].format(much="much " if abs(side) == 2 else "")
    return f"{words} ({phrase['figure'].format(value)})"


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("annotators") / "phrases" / "norms.toml").read_text("utf-8"))
