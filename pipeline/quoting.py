"""Quotes of a text held against the transcript."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from annotators.claims import QUOTED
from annotators.wording import quotable
from pipeline.judging import OPEN, Finding
from schemas.evidence import Evidence, EvidenceItem

# A quote this like some stretch of the transcript is another spelling, not other words (ours):
# "happy" for "sad" in a sentence of five words gives 0.8, "colour" for "color" 0.97.
ALIKE: Final = 0.92
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_GAP: Final = re.compile(r"\.{3,}|\u2026+")
_SCRIPTS: Final = (re.compile(r"[a-z]"), re.compile("[\u3400-\u9fff]"))
# A word or two in quotes may be a word that the writer keeps at a distance ("a 'flaming' tone").
_LEAST_WORDS: Final = 3
_LEAST_HAN: Final = 5
_SPEECH: Final = re.compile(
    r"\b(?:say|says|said|saying|ask\w*|repl\w+|answer\w*|shout\w*|whisper\w*|mutter\w*|exclaim\w*|"
    r"utter\w*|words?|lines?|phrases?|quotes?|sentences?|transcript|mention\w*|repeat\w*|blurt\w*|"
    r"murmur\w*|gasp\w*|snap\w*|cries|cried|speech|statement|heard|respon\w+|ends with|begins with|"
    r"begin with)\W+(?:[\w']+\W+){0,3}$|[说道问答喊叫讲语句话]\W{0,3}$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quote:
    words: str  # without the marks
    start: int  # in the text, marks included
    end: int
    is_speech: bool  # long enough, or brought in by a word like "says"


def quotes_of(text: str) -> Iterator[Quote]:
    for match in QUOTED.finditer(text):
        words = match.group()[1:-1]
        long = len(_WORD.findall(words)) >= _LEAST_WORDS
        han = len(_SCRIPTS[1].findall(words)) >= _LEAST_HAN
        told = _SPEECH.search(text[: match.start()]) is not None
        yield Quote(words, match.start(), match.end(), long or han or told)


def judge_quote(quote: Quote, evidence: Evidence, *, as_speech: bool = False) -> Finding:
    """supported: its words stand in a row in what was said; contradicted: others do. `as_speech`:
    the text is about words, so that every quote is one of the speaker.

    Without a transcript, in another script than it, or almost like it: unverifiable.
    """
    spoken = [item for item in evidence.items if item.modality == "words" and item.text]
    pieces = [bare for piece in _GAP.split(quote.words) if (bare := plain_words(piece)).strip()]
    if not pieces:
        return OPEN
    found = [holder(piece, spoken) for piece in pieces]
    if all(found):
        return Finding("supported", tuple(dict.fromkeys(i.key for i in found if i is not None)))
    missing = [piece for piece, item in zip(pieces, found, strict=True) if item is None]
    if not (quote.is_speech or as_speech) or any(_is_open(piece, spoken) for piece in missing):
        return OPEN
    keys = tuple(item.key for item in spoken if item.key == "words.text")
    reason = f'quotes words that are not in the transcript: "{quote.words}"'
    return Finding("contradicted", keys, reason)


def holder(piece: str, spoken: list[EvidenceItem]) -> EvidenceItem | None:
    """The item in which the words stand in a row: the shortest, to point at the place."""
    held = [item for item in spoken if _holds(plain_words(item.text or ""), piece)]
    return min(held, key=lambda item: len(item.text or ""), default=None)


def _holds(text: str, piece: str) -> bool:
    """Whole words; a script without spaces has none."""
    return (piece.strip() if _SCRIPTS[1].search(piece) else piece) in text


def _is_open(piece: str, spoken: list[EvidenceItem]) -> bool:
    """Nobody can say that these words were not said."""
    texts = [plain_words(item.text or "") for item in spoken]
    own = [script for script in _SCRIPTS if script.search(piece)]
    comparable = [text for text in texts if any(script.search(text) for script in own)]
    return not comparable or any(_alike(piece.strip(), text.strip()) for text in comparable)


def _alike(piece: str, text: str) -> bool:
    """Some stretch of the text, as long as the piece, is almost the piece."""
    place = SequenceMatcher(None, text, piece, autojunk=False).find_longest_match()
    start = max(0, place.a - place.b)
    stretch = text[start : start + len(piece)]
    return SequenceMatcher(None, stretch, piece, autojunk=False).ratio() >= ALIKE


def plain_words(text: str) -> str:
    """Words alone, in lower case between spaces, so that `in` compares whole words."""
    plain = quotable(text).lower().replace("\u2019", "'").replace("\u2018", "'")
    return " " + " ".join(_WORD.findall(plain)) + " "
