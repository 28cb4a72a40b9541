"""Whether an answer fits its question."""

from collections.abc import Sequence
from typing import Final

from review.errors import InvalidError
from schemas.review import Answer, ReviewMode, ReviewVerdict

# What these say of the text needs a label beside it; the others say why there is none.
_LABELLED: Final[tuple[ReviewVerdict, ...]] = ("accept", "edit")


def check_answer(
    answer: Answer, *, mode: ReviewMode, vocabulary: Sequence[str], text: str | None
) -> None:
    """InvalidError, in words for the one who answers. `text`: what was shown (not A/B)."""
    check_labels(answer.labels, vocabulary)
    if answer.intensity is not None and not answer.labels:
        raise InvalidError("an intensity needs a label")
    if mode == "ab":
        _check_preference(answer)
    else:
        _check_judgement(answer, text)


def check_labels(labels: Sequence[str], vocabulary: Sequence[str]) -> None:
    strangers = [label for label in labels if label not in vocabulary]
    if strangers:
        raise InvalidError(f"{strangers[0]!r} is no label of {', '.join(vocabulary)}")
    if len(set(labels)) < len(labels):
        raise InvalidError("a label is given twice")


def _check_preference(answer: Answer) -> None:
    if answer.preference is None:
        raise InvalidError("choose a1, a2 or same")
    if answer.verdict is not None or answer.edited_text is not None or answer.marks:
        raise InvalidError("two texts are compared here, none is judged or edited")


def _check_judgement(answer: Answer, text: str | None) -> None:
    if answer.verdict is None or answer.preference is not None:
        raise InvalidError("choose what to do with the text")
    if answer.verdict in _LABELLED and not answer.labels:
        raise InvalidError(f"{answer.verdict} needs a label")
    if answer.verdict == "reject" and answer.reason is None:
        raise InvalidError("reject needs a reason")
    if answer.verdict != "edit" and answer.edited_text is not None:
        raise InvalidError("the text was changed: choose edit, or take the change back")
    if answer.verdict == "edit" and not (answer.edited_text or "").strip():
        raise InvalidError("edit needs a text")
    if answer.verdict == "edit" and answer.edited_text == text:
        raise InvalidError("the text is as it was: choose accept")
