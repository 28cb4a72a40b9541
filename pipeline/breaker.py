"""Whether an endpoint is up. While it is down one call at a time tries it, the others wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from schemas.errors import EndpointDownError, TransientError

_DOWN_AFTER: Final = 3  # requests in a row that failed: one may fail by its own fault
_LONGEST_WAIT_S: Final = 60.0


class Breaker:
    """For one endpoint and one event loop."""

    def __init__(self, endpoint: str, *, outage_s: float, first_wait_s: float) -> None:
        self._endpoint = endpoint
        self._outage_s = outage_s
        self._first_wait_s = first_wait_s
        self._failed: set[str] = set()  # requests that failed since the last answer
        self._bad_since: float | None = None  # no answer since
        self._tries = 0
        self._closed_until = 0.0
        self._asked_until = 0.0  # the part of it that the endpoint asked for
        self._one = asyncio.Lock()
        self._reason = ""

    @property
    def is_down(self) -> bool:
        return len(self._failed) >= _DOWN_AFTER

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits until a call may go out. EndpointDownError when there was no answer for too
        long, or when the endpoint asks to wait for longer than the run waits."""
        while not self.is_down and self._wait_s() > 0:
            await self._pause()
        if not self.is_down:
            self._check()
            yield
            return
        async with self._one:
            while self._wait_s() > 0:
                await self._pause()
            self._check()
            yield

    def worked(self) -> None:
        """An answer came, or an error that shows that the endpoint is alive."""
        self._failed.clear()
        self._bad_since = None
        self._tries = 0

    def failed(self, request_id: str, error: TransientError) -> None:
        """A call failed in passing. What the endpoint asks to wait holds for all calls to it."""
        now = monotonic()
        self._bad_since = now if self._bad_since is None else self._bad_since
        self._reason = str(error)
        self._asked_until = max(self._asked_until, now + (error.wait_s or 0.0))
        self._closed_until = max(self._closed_until, self._asked_until)
        if error.rate_limited:
            return
        self._failed.add(request_id)
        if self.is_down:
            left_s = max(0.0, self._bad_since + self._outage_s - now)  # one last try then
            wait_s = min(self._first_wait_s * 2**self._tries, _LONGEST_WAIT_S, left_s)
            self._tries += 1
            self._closed_until = max(self._closed_until, now + wait_s)

    def _wait_s(self) -> float:
        return self._closed_until - monotonic()

    async def _pause(self) -> None:
        self._check()
        await asyncio.sleep(max(0.0, self._wait_s()))

    def _check(self) -> None:
        wait_s = self._asked_until - monotonic()
        if wait_s > self._outage_s:
            raise EndpointDownError(
                f"{self._endpoint} asks to wait {wait_s:.0f} s, run.chat.outage_s is "
                f"{self._outage_s:g}: {self._reason}; run the same command later, all answers "
                "are stored"
            )
        bad_s = monotonic() - self._bad_since if self._bad_since is not None else 0.0
        if bad_s > self._outage_s:
            raise EndpointDownError(
                f"{self._endpoint} gave no answer for {bad_s:.0f} s (run.chat.outage_s): "
                f"{self._reason}; run the same command when it is up again, all answers are stored"
            )
