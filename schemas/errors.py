"""Errors, named by what the caller must do.

* MerrError
  - ClipError         this file, video or clip is unusable: record a Failure, go on
    + DecodeError     its container or a stream of it cannot be decoded
    + AnnotationError a model answered, but its answer breaks the schema
    + DeadlineError   its work took longer than it may, or its worker was killed
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
    """The work on one subject took longer than it may, or took its worker process down."""


class TransientError(MerrError):
    """A call failed in a way that may pass: rate limit, timeout, dropped connection."""


class SetupError(MerrError):
    """The run cannot start or go on for any clip."""
