"""One event loop for all calls of a build, in a thread of its own, so that shards which are worked
on in different threads share limits, budget and calls."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from pipeline.asking import Asker

T = TypeVar("T")


class AskingThread:
    """`with AskingThread(make) as asking: asking.run(tell_shard(asking.asker))`"""

    def __init__(self, make: Callable[[], Asker]) -> None:
        """`make` is called inside the loop that the asker will serve."""
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asking", daemon=True)
        self.asker: Asker

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.asker = self.run(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What waits for a batch is submitted, unless the build broke off."""
        try:
            if kind is None:
                self.run(self.asker.submit())
        finally:
            self.run(self.asker.aclose())
            self._stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; from any thread but the loop's own."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C while waiting
            raise

    async def _open(self) -> Asker:
        asker = self._make()
        try:
            await asker.start()
        except BaseException:
            await asker.aclose()
            raise
        return asker

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
