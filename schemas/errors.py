"""Errors, named by what the caller must do.

* MerrError
  - ClipError         this file, video or clip is unusable: record a Failure, go on
    + DecodeError     its container or a stream of it cannot be decoded
    + AnnotationError a model answered, but its answer breaks the schema
    + DeadlineError   its work took longer than it may; may go better next time
    + CrashError      its worker process died of it
  - TransientError    the same call may work later: retry
  - SetupError        no clip can work (weights, configuration, disk): stop, say what to fix
"""


class MerrError(Exception):
    """Base of every error this project raises on purpose."""


class ClipError(MerrError):
    """One subject cannot be processed; the run goes on without it."""


class DecodeError(ClipError):
    """The container or a stream of the clip could not be decoded."""


class AnnotationError(ClipError):
    """A model answered, but its answer breaks the schema."""


class DeadlineError(ClipError):
    """The work on one subject took longer than it may. The next build tries it again."""


class CrashError(ClipError):
    """The work on one subject took its worker process down: a codec crashed, or memory ran out."""


class TransientError(MerrError):
    """A call failed in a way that may pass: rate limit, timeout, dropped connection."""


class SetupError(MerrError):
    """The run cannot start or go on for any clip."""
