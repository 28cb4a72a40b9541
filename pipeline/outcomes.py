"""From an error to a Failure row."""

from pydantic import ValidationError

from schemas.errors import ClipError, DeadlineError, TransientError, UnexpectedError
from schemas.failure import Failure, Subject

NAMED = (ClipError, TransientError, ValidationError)  # what costs one subject, not the run


def fail(
    subject: Subject,
    subject_id: str,
    stage: str,
    error: ClipError | TransientError | ValidationError,
) -> Failure:
    """What may go better next time is retryable: a deadline, a refused call."""
    unexpected = isinstance(error, UnexpectedError)
    return Failure(
        subject=subject,
        id=subject_id,
        stage=stage,
        error="unexpected" if unexpected else type(error).__name__,
        reason=_one_line(str(error)),
        retryable=isinstance(error, DeadlineError | TransientError),
        unexpected=error.traceback if isinstance(error, UnexpectedError) else None,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
