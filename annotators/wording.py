"""Words for a face and for what is heard: our phrase table, stable draws, sentences."""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

# Upper bounds of the FACS letters A, B and C on the 0-5 scale; D and E are above (FACS, 2002).
BAND_ENDS: Final = (1.0, 2.0, 3.0)
MOST_IN_A_ROW: Final = 5  # movements that are told without a break

Speaker = Literal["visible", "not_visible", "unknown"]  # verdict of schemas.evidence
_FULL_STOPS: Final = tuple(".!?\u2026\u3002\uff01\uff1f")  # the last three full-width
_DOUBLE_QUOTES: Final = re.compile('["“”„«»]')


@dataclass(frozen=True)
class Phrase:
    """One way to say what a unit looks like."""

    subject: str
    verb: str  # "is" or "are"
    participle: str

    def listed(self, adverb: str | None = None) -> str:
        """As an item of a list: "the lips slightly parted"."""
        return _spaced(self.subject, adverb, self.participle)

    def clause(self, adverb: str | None = None) -> str:
        """As a clause: "the lips are slightly parted"."""
        return _spaced(self.subject, self.verb, adverb, self.participle)


@dataclass(frozen=True)
class Wording:
    version: str
    digest: str  # sha256 of the file
    units: dict[str, tuple[Phrase, ...]]  # "AU12" -> its variants
    signs: dict[str, tuple[Phrase, ...]]  # "eye_closure" -> its variants
    adverbs: tuple[str, ...]  # weakest first, one more than BAND_ENDS
    strongest: dict[str, str]  # the last adverb of units that take another one

    def phrase(self, seed: int, clip_id: str, name: str) -> Phrase:
        """The variant that belongs to this clip and unit (or sign): the same in every text."""
        variants = self.units.get(name) or self.signs[name]
        return variants[drawn(seed, clip_id, name) % len(variants)]

    def adverb(self, name: str, intensity: float | None) -> str | None:
        """How strong, in a word; None where no intensity is known."""
        if intensity is None:
            return None
        *weaker, last = self.adverbs
        return (*weaker, self.strongest.get(name, last))[sum(intensity >= e for e in BAND_ENDS)]


@cache
def face_wording() -> Wording:
    raw = (files("annotators") / "phrases" / "face.toml").read_bytes()
    table = tomllib.loads(raw.decode("utf-8"))
    return Wording(
        version=table["version"],
        digest=hashlib.sha256(raw).hexdigest(),
        units=_phrases(table["units"]),
        signs=_phrases(table["signs"]),
        adverbs=tuple(table["adverbs"]),
        strongest=table["strongest"],
    )


def drawn(seed: int, *parts: str) -> int:
    """A number in 0..2**256-1 that depends on nothing but its arguments."""
    text = ":".join([str(seed), *parts])
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def sentence_of(phrases: Sequence[tuple[Phrase, str | None]], lead: str) -> str:
    """One sentence from one or more phrases and their adverbs: "At the peak, the jaw is opened."

    Neighbours with one subject share it ("A is raised and tightened"). Three and more share the
    verb ("A is raised, B lowered, and C parted"), six and more are told in two halves.
    """
    phrases = _one_subject_once(phrases)
    if len(phrases) <= MOST_IN_A_ROW:
        return f"{lead} {_in_a_row(phrases)}."
    half = (len(phrases) + 1) // 2
    return f"{lead} {_in_a_row(phrases[:half])}; at the same time, {_in_a_row(phrases[half:])}."


def _one_subject_once(
    phrases: Sequence[tuple[Phrase, str | None]],
) -> list[tuple[Phrase, str | None]]:
    told: list[tuple[Phrase, str | None]] = []
    for phrase, how in phrases:
        if told and told[-1][0].subject == phrase.subject:
            last, last_how = told.pop()
            link = ", " if " and " in phrase.participle else " and "
            both = _spaced(last_how, last.participle) + link + _spaced(how, phrase.participle)
            phrase, how = Phrase(last.subject, last.verb, both), None
        told.append((phrase, how))
    return told


def _in_a_row(phrases: Sequence[tuple[Phrase, str | None]]) -> str:
    first, *rest = (phrase.clause(how) for phrase, how in phrases)
    if len(rest) < 2:
        return " and ".join([first, *rest])
    *others, last = (phrase.listed(how) for phrase, how in phrases[1:])
    return f"{', '.join([first, *others])}, and {last}"


def listing(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    head, last = ", ".join(items[:-1]), items[-1]
    return f"{head} and {last}" if head else last


def said(text: str, speaker: Speaker, most_words: int) -> str:
    """The words in double quotes, with who says them as far as that can be seen."""
    words = quotable(text).split(" ")
    whole = len(words) <= most_words
    if speaker == "visible":
        lead = "The person says" if whole else "The person begins with"
    else:
        lead = "The words heard are" if whole else "The words heard begin with"
    quote = " ".join(words) if whole else f"{' '.join(words[:most_words])} ..."
    return f'{lead}: "{quote}"{"" if quote[-1:] in _FULL_STOPS else "."}'


def sounding(description: str, speaker: Speaker) -> str:
    """How the voice sounds, and whether the face seen is not the one that speaks."""
    sentence = as_sentence(description)
    return (
        f"{sentence} The lips seen do not move with it." if speaker == "not_visible" else sentence
    )


def quotable(text: str) -> str:
    """The words on one line, double quotes inside them made single."""
    return _DOUBLE_QUOTES.sub("'", " ".join(text.split()))


def as_sentence(text: str) -> str:
    """On one line, with a capital in front and a full stop behind."""
    line = " ".join(text.split())
    closed = line.rstrip("\"'\u201d\u2019)")[-1:] in _FULL_STOPS
    return line[:1].upper() + line[1:] + ("" if closed else ".")


def _phrases(table: dict[str, list[str]]) -> dict[str, tuple[Phrase, ...]]:
    return {name: tuple(map(_phrase, lines)) for name, lines in table.items()}


def _phrase(line: str) -> Phrase:
    subject, verb, participle = (part.strip() for part in line.split("|"))
    return Phrase(subject, verb, participle)


def _spaced(*words: str | None) -> str:
    return " ".join(word for word in words if word)
