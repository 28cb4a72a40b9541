"""Turns: SQLite takes one write after the other, so decisions that come meanwhile wait, and go to
the disk together."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.concurrency import run_in_threadpool

from review.store import ReviewStore
from schemas.errors import MerrError

T = TypeVar("T")
_MOST: Final = 16  # together; for so many (about 3 ms each) the event loop does nothing else


@dataclass(frozen=True)
class _Place:
    work: Callable[[], Any]
    answer: asyncio.Future[Any]

    def tell(self, outcome: Any) -> None:
        if self.answer.done():  # who asked is gone
            return
        if isinstance(outcome, BaseException):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


@dataclass
class Turns:
    """Work on a database in the order of asking. What waits is one transaction, hence one wait
    for the disk. On PostgreSQL, where each locks its own queue, every work has a thread."""

    store: ReviewStore
    _waiting: list[_Place] = field(default_factory=list)
    _worker: asyncio.Task[None] | None = None

    async def take(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, once it is on the disk. Work that is refused (MerrError)
        leaves nothing behind; where somebody's work breaks, that of others is done again."""
        if not self.store.in_turn:
            return await run_in_threadpool(work)
        place = _Place(work, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        if self._worker is None:
            self._worker = asyncio.create_task(self._serve())
        found: T = await place.answer
        return found

    async def _serve(self) -> None:
        while self._waiting:
            places, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            outcomes = await self._together(places)
            if outcomes is None:
                outcomes = [await self._alone(place) for place in places]
            for place, outcome in zip(places, outcomes, strict=True):
                place.tell(outcome)
        self._worker = None

    async def _together(self, places: Sequence[_Place]) -> list[Any] | None:
        """None: one of them broke, and nothing is written of any."""
        found = await _caught(self._outcomes(places))
        return None if isinstance(found, BaseException) else found

    async def _alone(self, place: _Place) -> Any:
        found = await _caught(self._outcomes([place]))
        return found if isinstance(found, BaseException) else found[0]

    async def _outcomes(self, places: Sequence[_Place]) -> list[Any]:
        """A thread is only woken where there is something to wait for."""
        with self.store.at_once() as now:
            if now:
                return self._one_by_one(places)
        return await run_in_threadpool(self._patiently, places)

    def _patiently(self, places: Sequence[_Place]) -> list[Any]:
        with self.store.together():
            return self._one_by_one(places)

    def _one_by_one(self, places: Sequence[_Place]) -> list[Any]:
        return [self._outcome(place) for place in places]

    def _outcome(self, place: _Place) -> Any:
        try:
            with self.store.apart():
                return place.work()
        except MerrError as refused:
            return refused


async def _caught(work: Coroutine[Any, Any, T]) -> T | BaseException:
    return (await asyncio.gather(work, return_exceptions=True))[0]
