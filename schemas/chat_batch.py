"""Batch files: where a batch stands, and what it says of one request."""

from typing import Final

from schemas.units import Row

_RUNNING: Final = frozenset({"validating", "in_progress", "finalizing", "cancelling"})


class BatchState(Row):
    """Where a batch stands. Its files are there once it has ended."""

    status: str  # completed, failed, expired or cancelled; else it runs
    files: tuple[str, ...]  # of answers and of errors
    error: str | None  # why the endpoint did not take it

    @property
    def is_running(self) -> bool:
        return self.status in _RUNNING


class BatchLine(Row):
    """What a batch says of one request: its answer, else why there is none."""

    request_id: str
    body: str | None  # of the response
    error: str | None
    is_late: bool  # it was not looked at: the batch expired or was cancelled
