"""Reads and writes of the answer store beside an event loop. What is to be written while the disk
is busy goes down in one commit: a commit waits for the disk, and one wait serves many calls."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from pipeline.answers import AnswerStore
from schemas.errors import SetupError

T = TypeVar("T")
_Waiting = tuple[str, Callable[[], Any], "asyncio.Future[Any]"]


class StoreIo:
    """For one event loop."""

    def __init__(self, store: AnswerStore) -> None:
        self._store = store
        self._reader = ThreadPoolExecutor(1, "answers-read")
        self._writer = ThreadPoolExecutor(1, "answers-write")
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def write(self, work: Callable[[], T], *, request_id: str = "") -> T:
        """The result of `work`, once it is on the disk. `request_id`: whose rows it locks; all
        processes take them in one order, so that none waits for another in a ring."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((request_id, work, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await future

    async def aclose(self) -> None:
        """Ends what is being written."""
        while self._writing is not None:
            await asyncio.shield(self._writing)
        self._reader.shutdown()
        self._writer.shutdown()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            taken.sort(key=_request_id)  # stays in order where it is of one request
            works = [work for _, work, _ in taken]
            told = await loop.run_in_executor(self._writer, self._store.together, works)
            for (_, _, future), result in zip(taken, told, strict=True):
                _tell(future, result)
        self._writing = None


def _request_id(waiting: _Waiting) -> str:
    return waiting[0]


def _tell(future: "asyncio.Future[Any]", result: object) -> None:
    if future.done():  # its caller gave up
        return
    if isinstance(result, SetupError):
        future.set_exception(result)
    else:
        future.set_result(result)
