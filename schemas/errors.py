"""Errors, named by what the caller must do.

* MerrError
  - ClipError         this file, video or clip is unusable: record a Failure, go on
    + DecodeError     its container or a stream of it cannot be decoded
    + AnnotationError a model answered, but its answer breaks the schema
      RefusedError, CutAnswerError, EmptyAnswerError, OffSchemaError, MediaRefusedError,
      ContextTooLongError: the same request would give the same; ask otherwise or not at all
    + DeadlineError   its work took longer than it may; may go better next time
    + CrashError      its worker process died of it
    + UnexpectedError nobody named it: a bug of ours, or of an engine, with its traceback
  - TransientError    the same call may work later: retry
    + WaitingError    its answer comes with a batch; a later build has it
  - SetupError        no clip can work (weights, configuration, disk): stop, say what to fix
    + BudgetError     the next call could exceed the budget; nothing was sent
    + EndpointDownError  an endpoint stayed down for longer than the run waits
    + MissingAnswerError a replay has no stored answer for this request
    + ModeUnsupportedError the endpoint does not know this way of asking for structure:
                      ask in the next mode
"""


class MerrError(Exception):
    """Base of every error this project raises on purpose."""


class ClipError(MerrError):
    """One subject cannot be processed; the run goes on without it."""


class DecodeError(ClipError):
    """The container or a stream of the clip could not be decoded."""


class AnnotationError(ClipError):
    """A model answered, but its answer breaks the schema."""


class RefusedError(AnnotationError):
    """The model or its filter declined to answer."""


class CutAnswerError(AnnotationError):
    """The answer ended before the model did. It may still parse, so it is never looked into."""


class EmptyAnswerError(AnnotationError):
    """The model answered with nothing."""


class OffSchemaError(AnnotationError):
    """The answer is whole, but not what was asked for."""


class MediaRefusedError(AnnotationError):
    """The endpoint does not take this image or sound."""


class ContextTooLongError(AnnotationError):
    """The request is longer than the model takes."""


class DeadlineError(ClipError):
    """The work on one subject took longer than it may. The next build tries it again."""


class CrashError(ClipError):
    """The work on one subject took its worker process down: a codec crashed, or memory ran out."""


class UnexpectedError(ClipError):
    """An error that nobody named, out of another process, kept with its traceback."""

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


class TransientError(MerrError):
    """A call failed in a way that may pass: rate limit, timeout, dropped connection."""

    def __init__(
        self,
        message: str,
        *,
        wait_s: float | None = None,
        rate_limited: bool = False,
        may_be_paid: bool = False,
    ) -> None:
        """`wait_s`: how long the other side asks to wait. `may_be_paid`: the request went out, and
        nobody knows whether it was answered and billed."""
        super().__init__(message)
        self.wait_s = wait_s
        self.rate_limited = rate_limited
        self.may_be_paid = may_be_paid


class WaitingError(TransientError):
    """The request waits in a batch. Nothing failed: a later build collects the answer."""


class SetupError(MerrError):
    """The run cannot start or go on for any clip."""


class BudgetError(SetupError):
    """The next call could exceed the budget of tokens or money; it was not sent."""


class EndpointDownError(SetupError):
    """An endpoint gave no answer for longer than the run waits. What was answered is stored."""


class MissingAnswerError(SetupError):
    """Answers come from the store alone, and it has none for this request."""


class ModeUnsupportedError(SetupError):
    """The endpoint does not take a JSON schema, or no JSON mode: ask in the next mode."""
