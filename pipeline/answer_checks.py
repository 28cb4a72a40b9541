"""Whether an answer may be used at all. Its content is for those who asked."""

from collections.abc import Collection
from typing import Final

from pipeline.prices import plain_name
from schemas.chat import Asked, ChatAnswer
from schemas.errors import CutAnswerError, EmptyAnswerError, RefusedError, SetupError

_LONGEST: Final = 200  # of a refusal, in characters
_WHOLE: Final = "stop"
_FILTERED: Final = "content_filter"


def is_as_asked(request: Asked, answer: ChatAnswer, served_as: Collection[str]) -> bool:
    """Whether the model asked for answered; a name with a date or version is the same model."""
    served = answer.served_model
    if served is None or served in served_as:
        return True
    return plain_name(served) == plain_name(request.model) or served == request.model


def check_model(request: Asked, answer: ChatAnswer, served_as: Collection[str]) -> None:
    """SetupError where another model answered: its answers must not pass as the other's."""
    if not is_as_asked(request, answer, served_as):
        raise SetupError(
            f"{request.endpoint}: asked for {request.model}, {answer.served_model} answered; ask "
            "for the model that is served, or name it in run.chat.served_as if it is the same"
        )


def check_whole(request: Asked, answer: ChatAnswer) -> None:
    """RefusedError, CutAnswerError or EmptyAnswerError. A cut answer is cut even if it parses."""
    subject, reason = f"{request.endpoint} {request.model}", answer.finish_reason
    if answer.refusal is not None or reason == _FILTERED:
        said = " ".join((answer.refusal or "").split())[:_LONGEST]
        raise RefusedError(f"{subject}: refused to answer: {said or reason}")
    if reason == "length":
        raise CutAnswerError(f"{subject}: the answer was cut at the limit of tokens")
    if reason != _WHOLE:
        raise CutAnswerError(f"{subject}: the answer may be cut: finish_reason is {reason}")
    if answer.text is None or not answer.text.strip():
        raise EmptyAnswerError(f"{subject}: the answer is empty")
