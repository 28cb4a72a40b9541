"""Asking for many clips at once, from any thread of a build."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from annotators.question import Channel
from annotators.role_settings import speaking
from pipeline.settings import Settings
from schemas.chat import Ask
from schemas.errors import BudgetError
from schemas.units import Row

if TYPE_CHECKING:  # it loads a database library
    from pipeline.asking_thread import AskingThread

Work = Callable[[], Awaitable[Row | None]]
_READY: Final = 2  # requests made ready for every call in flight: more would only fill memory


class Talk:
    """For one run, on the loop of `asking`, which is open. Shards in several threads share it."""

    def __init__(self, asking: "AskingThread", settings: Settings) -> None:
        self._asking = asking
        self._settings = settings
        self._channels: dict[str, Channel] = {}
        self._tasks: set[asyncio.Task[Row | None]] = set()
        self._turns = asyncio.Semaphore(_READY * settings.run.chat.concurrency)

    def channel(self, role: str) -> Channel:
        """Whom a role asks. SetupError where the settings do not say it."""
        if role not in self._channels:
            asked = speaking(self._settings.chat, getattr(self._settings, role), role)
            self._channels[role] = Channel(self._asking.asker.of_stage(role), asked)
        return self._channels[role]

    def ear(self, stage: str) -> Ask:
        """Whom a stage asks for the words of a sound."""
        return self._asking.asker.of_ear(stage)

    def each(self, works: Sequence[Work]) -> list[Row | None]:
        """What comes of every one, in order; as many at once as may be in flight. The first that
        raises ends the others, but for a budget that is spent: what is on its way is paid."""
        return self._asking.run(self._each(works))

    def stop(self) -> None:
        """Nobody waits for an answer any more; who still does, gets CancelledError."""
        self._asking.run(self._cancelled())

    async def _each(self, works: Sequence[Work]) -> list[Row | None]:
        tasks = [asyncio.create_task(self._in_turn(work)) for work in works]
        self._tasks.update(tasks)
        try:
            await _ended(tasks)
            return [task.result() for task in tasks]
        finally:
            self._tasks.difference_update(tasks)

    async def _in_turn(self, work: Work) -> Row | None:
        async with self._turns:
            return await work()

    async def _cancelled(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _ended(tasks: Sequence["asyncio.Task[Row | None]"]) -> None:
    """Waits for all tasks, or for the first that raises; then the others are cancelled."""
    waiting = set(tasks)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
            if any(_breaks_off(task) for task in done):
                break
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    for task in tasks:
        if _breaks_off(task):
            task.result()


def _breaks_off(task: "asyncio.Task[Row | None]") -> bool:
    if task.cancelled():
        return False
    error = task.exception()
    return error is not None and not isinstance(error, BudgetError)
