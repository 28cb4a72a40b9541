"""Requests and tokens per minute: calls start evenly spread, without bursts."""

from time import monotonic
from typing import Final

_MINUTE_S: Final = 60.0


class Pace:
    """At most so much in any minute. Each caller is told how long to wait, in the order of
    asking. A burst at the start would break an endpoint's limit a minute later; so there is none.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._free_at = 0.0

    def wait_s(self, amount: int) -> float:
        """Seconds until `amount` may start; it counts as started then."""
        if self._per_minute is None:
            return 0.0
        now = monotonic()
        starts_at = max(now, self._free_at)
        self._free_at = starts_at + amount * _MINUTE_S / self._per_minute
        return starts_at - now
