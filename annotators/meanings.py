"""What words claim about a clip, as something that can be measured. The words: lexicon/*.toml."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import inf
from typing import Any, Final, Literal

from annotators.tone_words import LEAST_VOICED, step_range
from annotators.wording import Phrase, face_wording
from schemas.au import BLINK, FACS_NAMES

Measured = Literal["face", "voice", "scene"]
MEASURED: Final[tuple[Measured, ...]] = ("face", "voice", "scene")

_DETERMINER: Final = (
    r"(?:(?:the|an?|her|his|their|its|my|our|your|both|each|this|that|(?:the )?\\w+'s) +)?"
)
_RATE: Final = {"syllables": "syllables_per_s", "words": "words_per_s"}  # the first one known
_KEYS: Final = {
    "pitch": "f0_median_hz",
    "movement": "f0_sd_semitones",
    "pauses": "pause_share",
    "level": "level_dbfs",
    **_RATE,
}
_ABSOLUTE: Final = ("pauses", "level")  # scales whose slack is in the unit itself


@dataclass(frozen=True)
class Units:
    """Movements of a face; see lexicon/face.toml."""

    any_of: frozenset[str]
    near: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    inverse: bool = False


@dataclass(frozen=True)
class Range:
    """A measured value: borne out in low..high, contradicted outside least..most."""

    key: str
    low: float
    high: float
    least: float
    most: float
    otherwise: "Range | None" = None  # read where nothing was measured under `key`


@dataclass(frozen=True)
class Texts:
    """An item that is a word: borne out by one that holds any of `yes`."""

    key: str
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """How many people a picture shows."""

    people: int


Reading = Units | Range | Texts | Count


@dataclass(frozen=True)
class Move:
    """Words that mean something beside one of these parts."""

    parts: frozenset[str]
    pattern: re.Pattern[str]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Said:
    """Words that mean something by themselves."""

    pattern: re.Pattern[str]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Lexicon:
    """Of one modality. In `readings` any one bears the words out, and only all contradict them;
    without readings the words are known and nobody can judge them."""

    modality: Measured
    version: str
    parts: tuple[tuple[str, re.Pattern[str]], ...]
    moves: tuple[Move, ...]
    phrases: tuple[Said, ...]
    counts: tuple[Said, ...]
    cues: re.Pattern[str]  # words that show what a text speaks of


@cache
def lexicon(modality: Measured) -> Lexicon:
    table = tomllib.loads((files("annotators") / "lexicon" / f"{modality}.toml").read_text("utf-8"))
    groups = table.get("groups", {})
    meanings = {name: _readings(entry) for name, entry in table.get("meanings", {}).items()}

    def pattern(entry: Mapping[str, Any]) -> re.Pattern[str]:
        return _pattern(_spread(entry.get("en", ()), groups), _spread(entry.get("zh", ()), groups))

    def readings(entry: Mapping[str, Any]) -> tuple[Reading, ...]:
        return meanings[entry["means"]] if "means" in entry else _units(entry)

    return Lexicon(
        modality=modality,
        version=table["version"],
        parts=tuple((name, pattern(entry)) for name, entry in table["parts"].items()),
        moves=tuple(
            Move(frozenset(entry["parts"]), pattern(entry), readings(entry))
            for entry in table["moves"]
        ),
        phrases=(
            *(_own() if modality == "face" else ()),
            *(Said(pattern(entry), readings(entry)) for entry in table["phrases"]),
        ),
        counts=tuple(_counts(table["counts"])) if "counts" in table else (),
        cues=pattern(table["cues"]),
    )


def words_of(au: str) -> tuple[str, ...]:
    """The other direction: words that an action unit or sign ("AU12", "smile") bears out, as they
    stand in the lexicon; parts and moves as "part: move"."""
    table = tomllib.loads((files("annotators") / "lexicon" / "face.toml").read_text("utf-8"))
    found = [FACS_NAMES[au]] if au in FACS_NAMES else []
    for entry in table["phrases"]:
        if au in entry.get("any_of", ()):
            found += [*entry.get("en", ()), *entry.get("zh", ())]
    for entry in table["moves"]:
        if au in entry.get("any_of", ()) and not entry.get("inverse"):
            moves = _spread((*entry.get("en", ()), *entry.get("zh", ())), table["groups"])
            found += [f"{part}: {move}" for part in entry["parts"] for move in moves]
    return tuple(found)


def _units(entry: Mapping[str, Any]) -> tuple[Reading, ...]:
    sets = {name: frozenset(entry.get(name, ())) for name in ("any_of", "near", "against")}
    if not sets["any_of"] and not sets["against"]:
        return ()
    return (Units(**sets, inverse=entry.get("inverse", False)),)


def _own() -> Iterator[Said]:
    """Codes, FACS names and our own phrases; each speaks of one unit alone."""
    for au, name in FACS_NAMES.items():
        if au != BLINK:
            words = rf"\bau ?{int(au[2:])}\b|\bau ?0{int(au[2:])}\b|\b{name}s?\b"
            yield Said(re.compile(words), (Units(frozenset({au})),))
    wording = face_wording()
    for table in (wording.units, wording.signs):
        for name, variants in table.items():
            for phrase in variants:
                yield Said(_said(phrase), (Units(frozenset({name})),))


def _said(phrase: Phrase) -> re.Pattern[str]:
    """A phrase as clause or list item, with or without an adverb, or denied."""
    return re.compile(
        rf"\b{re.escape(phrase.subject)}(?: {phrase.verb})?(?: not)?(?: \w+ly)? "
        rf"{re.escape(phrase.participle)}\b"
    )


def _readings(entry: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[Reading, ...]:
    if not isinstance(entry, Mapping):
        return tuple(_scale(one) for one in entry)
    if "yes" in entry:
        return (Texts(entry["key"], tuple(entry["yes"]), tuple(entry["no"])),)
    low, high = entry.get("low", -inf), entry.get("high", inf)
    return (
        Range(entry["key"], low, high, entry.get("least", low), entry.get("most", high)),
    )  # fmt: skip


def _scale(entry: Mapping[str, Any]) -> Range:
    if entry["scale"] == "whisper":
        return Range("voice.voiced_share", 0, LEAST_VOICED, 0, LEAST_VOICED + entry["slack"])
    if entry["scale"] != "rate":
        return _steps(entry["scale"], entry)
    syllables, words = (_steps(scale, entry) for scale in _RATE)
    return Range(
        syllables.key, syllables.low, syllables.high, syllables.least, syllables.most, words
    )  # fmt: skip


def _steps(scale: str, entry: Mapping[str, Any]) -> Range:
    """The span of the norms' steps that the words stand for, and the slack around it."""
    spans = [step_range(scale, step) for step in entry["steps"]]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    slack = entry["slack"]
    if scale in _ABSOLUTE:
        return Range(f"voice.{_KEYS[scale]}", low, high, low - slack, high + slack)
    return Range(f"voice.{_KEYS[scale]}", low, high, low * (1 - slack), high * (1 + slack))


_NUMBERS: Final = (
    (
        1,
        r"(?:one|(?:an? |the )?(?:single|sole|lone)|only one|1)",
        r"(?:只有|仅有|仅)[^\W\d_]{0,3}一",
    ),
    (2, r"(?:two|a couple of|a pair of|2)", r"[两二2]"),
    (3, r"(?:three|3)", r"[三3]"),
    (4, r"(?:four|4)", r"[四4]"),
    (5, r"(?:five|5)", r"[五5]"),
)
_ONE_OF: Final = r"(?<!other )(?<!another )(?<!one of the )(?<!one of )"


def _counts(entry: Mapping[str, Sequence[str]]) -> Iterator[Said]:
    people, han = "|".join(entry["en"]), "|".join(entry["zh"])
    for number, english, chinese in _NUMBERS:
        words = rf"\b{_ONE_OF}{english} (?:\w+ )?(?:{people})\b(?! of\b)|{chinese}(?:{han})"
        yield Said(re.compile(words), (Count(number),))
    yield Said(re.compile(r"\bgroup of three\b"), (Count(3),))
    alone = r"\b(?:alone|by (?:him|her)self)\b|独自|独处|孤身"
    yield Said(re.compile(alone), (Count(1),))


def _spread(words: Sequence[str], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """With the members of the groups that are named."""
    return tuple(
        one
        for word in words
        for one in (groups[word[1:]] if word.startswith("$") else (word,))
    )  # fmt: skip


def _pattern(english: Sequence[str], chinese: Sequence[str]) -> re.Pattern[str]:
    """Longer words first, so that the longest of several alternatives is found."""
    words = [rf"\b(?:{_english(word)})\b" for word in sorted(english, key=len, reverse=True)]
    return re.compile("|".join([*words, *sorted(chinese, key=len, reverse=True)]) or r"(?!)")


def _english(word: str) -> str:
    word = re.sub(r"(?<=[a-z])\*", r"\\w*", word)
    word = word.replace("@ ", "\0")
    word = re.sub(r" (?![)|?])", r" +(?:\\w+ly +)?", word)
    return word.replace("\0", _DETERMINER.replace("\\\\", "\\"))
