"""The line to one endpoint: calls with limits, retries and a breaker."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from pipeline.breaker import Breaker
from pipeline.chat_settings import ChatSettings
from pipeline.pace import Pace
from schemas.errors import AnnotationError, TransientError

_LONGEST_WAIT_S: Final = 60.0
_LIMITED_RETRIES: Final = 5  # times as often as other failures: to be told to wait is no failure

T = TypeVar("T")


class Line:
    """For one endpoint and one event loop."""

    def __init__(self, endpoint: str, settings: ChatSettings) -> None:
        self._retries = settings.retries
        self._first_wait_s = settings.first_wait_s
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._requests = Pace(settings.requests_per_minute)
        self._tokens = Pace(settings.tokens_per_minute)
        self._breaker = Breaker(
            endpoint, outage_s=settings.outage_s, first_wait_s=settings.first_wait_s
        )

    async def call(
        self, request_id: str, call: Callable[[], Awaitable[T]], *, likely_tokens: int
    ) -> T:
        """The result of `call`, made again while it raises TransientError. While the endpoint is
        down the call waits for it without using up its retries."""
        failed = limited = 0
        while True:
            try:
                async with self._turn(likely_tokens):
                    return await self._once(request_id, call)
            except TransientError as e:
                if e.rate_limited:
                    limited += 1
                elif not self._breaker.is_down:
                    failed += 1
                if failed > self._retries or limited > self._retries * _LIMITED_RETRIES:
                    raise
                tries = max(failed, limited) - 1
            await asyncio.sleep(wait_s(max(0, tries), first_s=self._first_wait_s))

    @asynccontextmanager
    async def _turn(self, likely_tokens: int) -> AsyncIterator[None]:
        async with self._slots, self._breaker.turn():
            pause_s = max(self._requests.wait_s(1), self._tokens.wait_s(likely_tokens))
            await asyncio.sleep(pause_s)
            yield

    async def _once(self, request_id: str, call: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await call()
        except TransientError as e:
            self._breaker.failed(request_id, e)
            raise
        except AnnotationError:  # a fault of this request; the endpoint is alive
            self._breaker.worked()
            raise
        self._breaker.worked()
        return result


def wait_s(tries: int, *, first_s: float) -> float:
    """Seconds before another try: doubling, at most a minute, and by chance between half and
    all of it, so that callers that failed together do not come back together."""
    most: float = min(first_s * 2**tries, _LONGEST_WAIT_S)
    return most * (0.5 + secrets.randbelow(1_000_000) / 2_000_000)
