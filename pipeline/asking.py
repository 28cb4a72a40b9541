"""Asks models: from the answer store where it can, within limits and budget where it must."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from pipeline.answer_checks import check_model, check_whole, is_as_asked
from pipeline.answers import AnswerStore
from pipeline.batch_calls import BatchCalls, Collected
from pipeline.budget import Amount, Budget, as_usage
from pipeline.chat_settings import ChatSettings
from pipeline.line import Line
from pipeline.prices import Prices, is_counted
from pipeline.spending import doubtful, spent
from pipeline.store_io import StoreIo
from pipeline.token_bounds import likely_tokens, most_tokens
from schemas.chat import Ask, ChatAnswer, ChatRequest
from schemas.errors import (
    MerrError,
    MissingAnswerError,
    ModeUnsupportedError,
    TransientError,
    WaitingError,
)


class Endpoint(Protocol):
    """What `annotators.models.chat.open_endpoint` gives: one call, no retry."""

    async def ask(self, request: ChatRequest) -> ChatAnswer: ...

    async def aclose(self) -> None: ...


Connect = Callable[[str], Endpoint | None]


class Asker:
    """For one event loop; `await start()` first, `await aclose()` last."""

    def __init__(
        self,
        store: AnswerStore,
        connect: Connect | None,
        settings: ChatSettings,
        prices: Prices,
        *,
        batches: BatchCalls | None = None,
    ) -> None:
        """`connect` gives the endpoint of a base URL; where it gives None (no key), and when it is
        None, answers come from the store alone. `batches` is used where the settings say so."""
        self.store = store
        self._connect = None if settings.replay else connect
        self._batches = None if settings.replay or not settings.batch else batches
        self._settings = settings
        self._prices = prices
        self._budget = Budget(usd=settings.budget_usd, tokens=settings.budget_tokens)
        self._endpoints: dict[str, Endpoint | None] = {}
        self._lines: dict[str, Line] = {}
        self._running: dict[str, asyncio.Task[ChatAnswer]] = {}
        self.collected = Collected()
        self._missing: set[str] = set()
        self._found = 0
        self._looking = 0
        self._looked = asyncio.Condition()
        self._refused_modes: set[tuple[str, str, str]] = set()
        self._io = StoreIo(store)

    async def start(self) -> None:
        """Takes in what the store knows: past spending, calls that a killed process left."""
        self._refused_modes = set(await self._io.read(self.store.refused_modes))
        if self._connect is None:
            return
        await self._io.write(self.store.settle)
        if self._batches is not None:
            self.collected = await self._batches.collect(self._settings.served_as)
        past = await self._io.read(partial(spent, self.store, self._prices))
        self._budget.count(past, await self._io.read(partial(doubtful, self.store, self._prices)))

    async def submit(self) -> int:
        """Send off the requests that wait for a batch, at the end of a build. How many."""
        return await self._batches.submit() if self._batches is not None else 0

    async def aclose(self) -> None:
        """Calls in flight are given up, and count as lost: they may have been answered."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._io.write(self.store.give_up)
        for endpoint in self._endpoints.values():
            if endpoint is not None:
                await endpoint.aclose()
        if self._batches is not None:
            await self._batches.aclose()
        await self._io.aclose()
        self.store.close()

    def of_stage(self, stage: str) -> Ask:
        """The function that asks for a stage; equal requests at the same time are one call.

        Raises TransientError (after all retries; WaitingError: comes with a batch), SetupError
        (key, model, budget, outage, no stored answer) and, for this clip, the kinds of
        AnnotationError.
        """
        return partial(self._ask, stage)

    def of_ear(self, stage: str) -> Ask:
        """The function that asks for words of a sound. Raises as `of_stage`, but never waits for a
        batch, in which no sound goes, and takes no words at all for an answer."""
        return partial(self._answer, stage, None)

    async def _ask(self, stage: str, request: ChatRequest) -> ChatAnswer:
        answer = await self._answer(stage, self._batches, request)
        check_whole(request, answer)
        return answer

    async def _answer(
        self, stage: str, batches: BatchCalls | None, request: ChatRequest
    ) -> ChatAnswer:
        task = self._running.get(request.request_id)
        if task is None:
            task = asyncio.create_task(self._find(stage, batches, request))
            self._running[request.request_id] = task
            task.add_done_callback(partial(self._ended, request.request_id))
        # A caller that gives up does not take the call from the others, nor a paid answer.
        return await asyncio.shield(task)

    def _ended(self, request_id: str, task: asyncio.Task[ChatAnswer]) -> None:
        self._running.pop(request_id, None)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone; then nobody else looks at it

    async def _find(
        self, stage: str, batches: BatchCalls | None, request: ChatRequest
    ) -> ChatAnswer:
        answer = await self._look_up(request)
        if answer is not None:
            return answer
        if (request.endpoint, request.model, request.mode) in self._refused_modes:
            raise ModeUnsupportedError(f"{request.endpoint} {request.model}: no {request.mode}")
        if self._endpoint(request.endpoint) is None:
            raise await self._missing_error(request)
        if batches is not None:
            await self._put_off(batches, stage, request)
        return await self._line(request).call(
            request.request_id,
            partial(self._send, stage, request),
            likely_tokens=likely_tokens(request, self._prices.of(request.model)),
        )

    async def _look_up(self, request: ChatRequest) -> ChatAnswer | None:
        """The stored answer, unless another model gave it: the endpoint may be mended now."""
        self._looking += 1
        answer: ChatAnswer | None = None
        try:
            answer = await self._io.read(partial(self.store.get, request.request_id))
        finally:
            self._looking -= 1
            if answer is None:
                self._missing.add(request.request_id)
            async with self._looked:
                self._looked.notify_all()
        self._found += answer is not None
        return answer

    async def _missing_error(self, request: ChatRequest) -> MissingAnswerError:
        """Waits for look-ups under way, so that it can tell how many answers are missing."""
        async with self._looked:
            await self._looked.wait_for(lambda: self._looking == 0)
        return MissingAnswerError(
            f"the answer store lacks {len(self._missing)} of {len(self._missing) + self._found} "
            f"answers asked for so far, among them one of {request.model}; no endpoint is asked: "
            "run.chat.replay is set or there is no key"
        )

    async def _send(self, stage: str, request: ChatRequest) -> ChatAnswer:
        """One call: its worst case held, noted, sent, stored; in this order."""
        endpoint = self._endpoint(request.endpoint)
        assert endpoint is not None  # noqa: S101 - `_find` has seen to it
        price = self._prices.of(request.model)
        most = most_tokens(request, price)
        worst = Amount.of(as_usage(most), price)
        await self._budget.hold(request.model, worst)
        took: Amount | None = worst  # what a call that is broken off may have taken
        try:
            note = partial(self.store.note, request, stage=stage, most=most)
            await self._io.write(note, request_id=request.request_id)
            try:
                answer = await endpoint.ask(request)
            except MerrError as e:
                took = await self._failed(request, e, worst)
                raise
            answer = await self._stored(stage, request, answer)
            took = Amount.of(answer.usage, price) if is_counted(answer.usage, price) else worst
        finally:
            await self._budget.settle(worst, took)
        check_model(request, answer, self._settings.served_as)
        return answer

    async def _failed(self, request: ChatRequest, error: MerrError, worst: Amount) -> Amount | None:
        """The note is closed. What the call may have taken all the same."""
        lost = isinstance(error, TransientError) and error.may_be_paid
        unnote = partial(self.store.unnote, request.request_id, lost=lost)
        await self._io.write(unnote, request_id=request.request_id)
        if isinstance(error, ModeUnsupportedError):
            self._refused_modes.add((request.endpoint, request.model, request.mode))
            await self._io.write(partial(self.store.refuse_mode, request))
        return worst if lost else None

    async def _stored(self, stage: str, request: ChatRequest, answer: ChatAnswer) -> ChatAnswer:
        as_asked = is_as_asked(request, answer, self._settings.served_as)
        put = partial(self.store.put, request, answer, stage=stage, aside=not as_asked)
        return await self._io.write(put, request_id=request.request_id)

    async def _put_off(self, batches: BatchCalls, stage: str, request: ChatRequest) -> None:
        """WaitingError for what waits in a batch or goes into the next; a request that a batch
        could not answer comes back, to be asked by itself."""
        state = await self._io.read(partial(self.store.state, request.request_id))
        if state == "online":
            return
        if state not in ("submitting", "batch"):
            price = self._prices.of(request.model)
            most = most_tokens(request, price)
            worst = Amount.of(as_usage(most), price, batch=True)
            await self._budget.hold(request.model, worst)
            note = partial(self.store.note, request, stage=stage, most=most, queued=True)
            await self._io.write(note, request_id=request.request_id)
            await self._budget.settle(worst, worst)
            await batches.add(request)
        raise WaitingError(f"{request.endpoint} {request.model}: the answer comes with a batch")

    def _endpoint(self, url: str) -> Endpoint | None:
        """None: nobody may be asked there."""
        if url not in self._endpoints:
            self._endpoints[url] = self._connect(url) if self._connect is not None else None
        return self._endpoints[url]

    def _line(self, request: ChatRequest) -> Line:
        if request.endpoint not in self._lines:
            self._lines[request.endpoint] = Line(request.endpoint, self._settings)
        return self._lines[request.endpoint]
