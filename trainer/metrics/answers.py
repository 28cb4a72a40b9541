"""Which label an answer names: by our rule, and by the original's."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from schemas.label import Vocabulary, load_vocabulary
from trainer.metrics.confusion import OUTSIDE, UNREADABLE

Unread = Literal["empty", "cut", "refused", "no_label", "several", "outside"]

# "not happy" names no label; one word may stand between ("not very happy"). Ours.
_NEGATED: Final = re.compile(r"\b(?:not|no|never|neither|nor|without|\w+n't)(?: [\w'-]+)?$")
_REFUSED: Final = re.compile(
    r"\b(?:can\s?not|can't|unable to|not able to|not possible to|impossible to)\b.{0,40}"
    r"\b(?:determine|tell|say|identify|infer|recogni[sz]e|know|judge|answer|help|assist)\b"
    r"|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    re.I | re.S,
)
_FALLBACK: Final = "neutral"


@dataclass(frozen=True)
class ReadAnswer:
    """`label` is of the label set, or None and `why` says why not."""

    label: str | None
    why: Unread | None

    @property
    def column(self) -> str:
        """Where it stands in a confusion matrix."""
        if self.label is not None:
            return self.label
        return OUTSIDE if self.why == "outside" else UNREADABLE


class LabelReader:
    """Reads the one label that an answer names, as label, alias or mapped label.

    The words of MERR's nine labels are known whatever the label set: a model that was asked to
    choose among nine and says "fear" where six are scored has said something, and it is wrong.
    """

    def __init__(self, vocabulary: Vocabulary, mapped: Mapping[str, str] | None = None) -> None:
        """`mapped`: labels outside of the set that count as one of it."""
        self._labels = vocabulary.labels
        self._meanings = _meanings(vocabulary) | dict(mapped or {})
        words = sorted(self._meanings, key=len, reverse=True)  # the longest phrase wins
        self._word = re.compile(
            r"(?<![\w'-])(?:" + "|".join(map(re.escape, words)) + r")(?![\w'-])"
        )

    def read(self, answer: str | None, *, cut: bool = False) -> ReadAnswer:
        """`cut`: the answer ended at the length limit; what it would have said is not known."""
        text = _plain(answer)
        if cut or not text:
            return ReadAnswer(None, "cut" if cut else "empty")
        if _REFUSED.search(text):
            return ReadAnswer(None, "refused")
        named = set(self._named(text))
        if len(named) != 1:
            return ReadAnswer(None, "several" if named else "no_label")
        label = named.pop()
        return ReadAnswer(label, None) if label in self._labels else ReadAnswer(None, "outside")

    def _named(self, text: str) -> Iterator[str]:
        for match in self._word.finditer(text):
            if not _NEGATED.search(text[: match.start()].rstrip()):
                yield self._meanings[match[0]]


def original_label(answer: str | None, vocabulary: Vocabulary) -> str:
    """The original's rule (eval_emotion.py up to 2025): the text after the last space, and
    "neutral" where that is none of the labels, letter by letter. Only for its own figures."""
    word = (answer or "").split(" ")[-1]
    return word if word in vocabulary.labels else _FALLBACK


def knows_original_rule(vocabulary: Vocabulary) -> bool:
    return _FALLBACK in vocabulary.labels


def _meanings(vocabulary: Vocabulary) -> dict[str, str]:
    """Words in lower case and what they name; those of the label set over those of MERR."""
    known: dict[str, str] = {}
    for one in (load_vocabulary("merr9"), vocabulary):
        known |= one.aliases | {label: label for label in one.labels}
    return {_plain(word): label for word, label in known.items()}


def _plain(text: str | None) -> str:
    """Lower case, compatibility forms, one blank between words, straight apostrophes."""
    folded = unicodedata.normalize("NFKC", text or "").replace("\u2019", "'").lower()
    return " ".join(folded.replace("_", " ").split())
