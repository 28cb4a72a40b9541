"""A subject that fell out, where and why: kept beside the data, never inside it."""

from typing import Literal

from schemas.units import Row

Subject = Literal["file", "video", "clip", "label"]


class Rejection(Row):
    """A rule said no. Counted as work done."""

    subject: Subject
    id: str  # path inside the source, video_id or clip_id
    stage: str
    rule: str  # short name, e.g. "no_face"
    reason: str  # one sentence: found, expected, what to do


class Failure(Row):
    """Something broke. The next build tries `retryable` ones again, the others on request."""

    subject: Subject
    id: str
    stage: str
    error: str  # class of the error
    reason: str
    retryable: bool
    unexpected: str | None = None  # traceback of an error that nobody named: a bug of ours
