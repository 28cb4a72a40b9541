"""Open vocabulary: how much the words for feelings that were given overlap those that were meant.

MER-OV (MER2024) and MER-FG (MER2025, 2026) score sets of words. For each clip precision is the
share of the words given that were meant, recall the share of those meant that were given; both
are averaged over clips, and F1 is made of the two averages. Words that are the same at a level
count once. On wheels, words without a place are left out first, and a clip of whose meant words
none has a place is left out; this too is as MER-FG does it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from schemas.units import Row
from trainer.metrics.bootstrap import (
    BootstrapSettings,
    Interval,
    interval,
    resampled_means,
)
from trainer.metrics.word_levels import Level, Words

MOST_WORDS: Final = 4  # "looking forward to" is three; a sentence is no word for a feeling
_SEPARATORS: Final = re.compile(r"[,;\n/|\u3001\uff0c\uff1b]|\band\b")  # and Chinese commas
_QUOTED: Final = re.compile(r"'([^'\n]*)'" + r'|"([^"\n]*)"')
_EDGES: Final = " \t\r\n'\"`*-•.!:()[]{}"


@dataclass(frozen=True)
class WordPair:
    """`given` is None where no words could be read of the answer: it scores 0 everywhere."""

    meant: frozenset[str]
    given: frozenset[str] | None


class LevelScores(Row):
    """At one level. Where nothing was right precision, recall and F1 are 0."""

    level: str
    clips: int  # with a word that has a place at this level
    precision: float
    recall: float
    f1: float
    f1_interval: Interval | None
    placeless_meant: float  # share of the words meant that have no place at this level
    placeless_given: float | None  # the same of those given; None: no word was given


class WordSetScores(Row):
    """`wheel_f1` is the mean F1 over families of our wheels: like MER-FG's score, not the same."""

    clips: int
    unreadable: float
    levels: tuple[LevelScores, ...]
    wheel_f1: float | None  # None where no word has a place on any wheel
    unknown: tuple[str, ...]  # words, meant or given, that the files do not know; sorted
    words_version: str
    bootstrap: BootstrapSettings


def words_of(answer: str | None) -> frozenset[str] | None:
    """The words of a list: Python's or JSON's way of writing it, or with commas. None for nothing
    and for a text that is no list of words."""
    text = (answer or "").strip()
    items = _quoted(text) or _SEPARATORS.split(text)
    words = [" ".join(item.lower().split()).strip(_EDGES) for item in items]
    kept = frozenset(word for word in words if word)
    if not kept or any(len(word.split()) > MOST_WORDS for word in kept):
        return None
    return kept


def _quoted(text: str) -> list[str]:
    """What stands in quotes in a list. Taken apart by hand: evaluating a hostile text would not do
    for a list of words."""
    if not text.startswith(("[", "(", "{")):
        return []
    return [single or double for single, double in _QUOTED.findall(text)]


def word_set_scores(
    pairs: Sequence[WordPair], words: Words, bootstrap: BootstrapSettings
) -> WordSetScores:
    """SetupError where there is no clip to score."""
    if not pairs:
        raise SetupError("there is no clip to score: give predictions with labels")
    levels = [_level(name, level, pairs, bootstrap) for name, level in words.levels().items()]
    found = [one for one in levels if one is not None]
    families = [one.f1 for one in found if one.level.endswith(".family")]
    said = frozenset[str]().union(*(p.meant | (p.given or frozenset()) for p in pairs))
    return WordSetScores(
        clips=len(pairs),
        unreadable=sum(p.given is None for p in pairs) / len(pairs),
        levels=tuple(found),
        wheel_f1=float(np.mean(families)) if families else None,
        unknown=tuple(sorted(word for word in said if not words.knows(word))),
        words_version=words.version,
        bootstrap=bootstrap,
    )


def _level(
    name: str, level: Level, pairs: Sequence[WordPair], bootstrap: BootstrapSettings
) -> LevelScores | None:
    """None where no clip has a word with a place."""
    placed = [(_placed(p.meant, level), _placed(p.given or (), level)) for p in pairs]
    scored = [_overlap(meant, given) for meant, given in placed if meant]
    if not scored:
        return None
    values = np.array(scored)
    precision, recall = values.mean(axis=0)
    drawn = resampled_means(values, bootstrap)
    return LevelScores(
        level=name,
        clips=len(scored),
        precision=float(precision),
        recall=float(recall),
        f1=float(_f1(precision, recall)),
        f1_interval=interval(_f1(drawn[:, 0], drawn[:, 1])),
        placeless_meant=_placeless((p.meant for p in pairs), level) or 0.0,
        placeless_given=_placeless((p.given or frozenset() for p in pairs), level),
    )


def _placed(words: Iterable[str], level: Level) -> frozenset[str]:
    return frozenset(place for word in words if (place := level(word)) is not None)


def _overlap(meant: frozenset[str], given: frozenset[str]) -> tuple[float, float]:
    both = len(meant & given)
    return (both / len(given) if given else 0.0, both / len(meant))


def _f1(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> NDArray[np.float64]:
    both = np.asarray(precision + recall)
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)


def _placeless(sets: Iterable[frozenset[str]], level: Level) -> float | None:
    words = [word for one in sets for word in one]
    return sum(level(word) is None for word in words) / len(words) if words else None


def pairs_of(meant: Mapping[str, str], given: Mapping[str, str | None]) -> list[WordPair]:
    """By clip. SetupError for a clip whose meant words cannot be read: that is the data's fault."""
    found = []
    for name, text in meant.items():
        words = words_of(text)
        if words is None:
            raise SetupError(f"{name}: its label {text[:80]!r} is no list of words")
        found.append(WordPair(words, words_of(given.get(name))))
    return found
