"""What a description by a model has to be: English, about the clip, and no refusal or echo."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from annotators.claims import QUOTED
from annotators.declining import declines
from annotators.prompt import Prompt
from schemas.errors import RefusedError

_LETTER: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[a-z]", re.I)
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Of these English prose of some length has at least one; no other language has them all.
_ENGLISH: Final = frozenset(
    (
        *("the", "and", "of", "with", "is", "are", "has", "his", "her", "their", "it", "there"),
        *("this", "that", "what", "not", "to", "at", "by", "from", "was", "i", "you", "he", "she"),
        *("they", "we", "my", "your", "person", "man", "woman", "voice", "wears"),
    )
)
_LONG: Final = 10  # words, from which on the words of _ENGLISH are looked for
_LEAST_LATIN: Final = 0.7  # of the letters
_ECHO: Final = 8  # words in a row that are also in the prompt


def unfit_prose(
    text: str | None, *, prompt: Prompt, most_words: int, may_decline: bool = False
) -> str | None:
    """Why a text is none that was asked for; None when it is one. RefusedError where it declines,
    but for texts in which people may do so (`may_decline`)."""
    if text is None or not _WORD.search(text):
        return "the text is empty"
    if declines(text) and not may_decline:
        raise RefusedError("the model declined inside a field of its answer")
    if not is_english(QUOTED.sub(" ", text)):  # what is quoted may be of any language
        return "the text is not in English"
    if len(_WORD.findall(text)) > most_words:
        return f"the text has more than {most_words} words"
    if repeats(text, prompt.system) or repeats(text, prompt.user) or "<data " in text:
        return "the text repeats the question"
    return None


def is_english(text: str) -> bool:
    """By its letters, and by its small words where it is long enough to have some."""
    letters = _LETTER.findall(text)
    if not letters or len(_LATIN.findall(text)) < _LEAST_LATIN * len(letters):
        return False
    words = _words(text)
    return len(words) < _LONG or bool(_ENGLISH & set(words))


def repeats(text: str, other: str, *, words: int = _ECHO) -> bool:
    """Whether so many words in a row stand in both."""
    mine, theirs = _words(text), f" {' '.join(_words(other))} "
    runs = (mine[i : i + words] for i in range(len(mine) - words + 1))
    return any(f" {' '.join(run)} " in theirs for run in runs)


def feelings_in(text: str) -> tuple[str, ...]:
    """Words for feelings and moods, which an objective description does without."""
    return tuple(match.group() for match in _feelings().finditer(text.lower()))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("\u2019", "'"))


@cache
def _feelings() -> re.Pattern[str]:
    raw = (files("annotators") / "phrases" / "feelings.toml").read_text("utf-8")
    stems = sorted(tomllib.loads(raw)["stems"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems))})\w*")
