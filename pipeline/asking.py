"""Asks chat models: from the answer store where it can, within limits and budget where it must."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from pipeline.answers import AnswerStore
from pipeline.budget import Amount, Budget, worst_amount
from pipeline.chat_settings import ChatSettings
from pipeline.answer_checks import check_model, check_whole, is_as_asked
from pipeline.line import Line
from pipeline.prices import Prices
from pipeline.spending import doubtful, spent
from pipeline.store_io import StoreIo
from pipeline.token_bounds import likely_tokens, most_tokens
from schemas.chat import Ask, ChatAnswer, ChatRequest
from schemas.errors import MerrError, MissingAnswerError, ModeUnsupportedError, TransientError


class Endpoint(Protocol):
    """What `annotators.models.chat.open_endpoint` gives: one call, no retry."""

    async def ask(self, request: ChatRequest) -> ChatAnswer: ...

    async def aclose(self) -> None: ...


Connect = Callable[[str], Endpoint]


class Asker:
    """For one event loop; `await start()` first, `await aclose()` last."""

    def __init__(
        self,
        store: AnswerStore,
        connect: Connect | None,
        settings: ChatSettings,
        prices: Prices,
    ) -> None:
        """`connect` gives the endpoint of a base URL; None: answers come from the store alone."""
        self.store = store
        self._connect = None if settings.replay else connect
        self._settings = settings
        self._prices = prices
        self._budget = Budget(usd=settings.budget_usd, tokens=settings.budget_tokens)
        self._endpoints: dict[str, Endpoint] = {}
        self._lines: dict[str, Line] = {}
        self._running: dict[str, asyncio.Task[ChatAnswer]] = {}
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
        past = await self._io.read(partial(spent, self.store, self._prices))
        self._budget.count(past, await self._io.read(partial(doubtful, self.store, self._prices)))

    async def aclose(self) -> None:
        """Calls in flight are given up, and count as lost: they may have been answered."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._io.write(self.store.give_up)
        for endpoint in self._endpoints.values():
            await endpoint.aclose()
        await self._io.aclose()

    def of_stage(self, stage: str) -> Ask:
        """The function that asks for a stage; equal requests at the same time are one call.

        Raises TransientError (after all retries), SetupError (key, model, budget, outage, no
        stored answer) and, for this clip, the kinds of AnnotationError.
        """
        return partial(self._ask, stage)

    async def _ask(self, stage: str, request: ChatRequest) -> ChatAnswer:
        task = self._running.get(request.request_id)
        if task is None:
            task = asyncio.create_task(self._find(stage, request))
            self._running[request.request_id] = task
            task.add_done_callback(partial(self._ended, request.request_id))
        # A caller that gives up does not take the call from the others, nor a paid answer.
        answer = await asyncio.shield(task)
        check_whole(request, answer)
        return answer

    def _ended(self, request_id: str, task: asyncio.Task[ChatAnswer]) -> None:
        self._running.pop(request_id, None)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone; then nobody else looks at it

    async def _find(self, stage: str, request: ChatRequest) -> ChatAnswer:
        answer = await self._look_up(request)
        if answer is not None:
            return answer
        if (request.endpoint, request.model, request.mode) in self._refused_modes:
            raise ModeUnsupportedError(f"{request.endpoint} {request.model}: no {request.mode}")
        if self._connect is None:
            raise await self._missing_error(request)
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
        price = self._prices.of(request.model)
        most = most_tokens(request, price)
        worst = worst_amount(most, self._prices, request.model)
        await self._budget.hold(request.model, worst)
        took: Amount | None = worst  # what a call that is broken off may have taken
        try:
            await self._io.write(partial(self.store.note, request, stage=stage, most=most))
            try:
                answer = await self._endpoint(request.endpoint).ask(request)
            except MerrError as e:
                took = await self._failed(request, e, worst)
                raise
            answer = await self._stored(stage, request, answer)
            told = answer.usage.prompt_tokens is not None and answer.usage.output_tokens is not None
            took = Amount.of(answer.usage, price) if told else worst
        finally:
            await self._budget.settle(worst, took)
        check_model(request, answer, self._settings.served_as)
        return answer

    async def _failed(self, request: ChatRequest, error: MerrError, worst: Amount) -> Amount | None:
        """The note is closed. What the call may have taken all the same."""
        lost = isinstance(error, TransientError) and error.may_be_paid
        await self._io.write(partial(self.store.unnote, request.request_id, lost=lost))
        if isinstance(error, ModeUnsupportedError):
            self._refused_modes.add((request.endpoint, request.model, request.mode))
            await self._io.write(partial(self.store.refuse_mode, request))
        return worst if lost else None

    async def _stored(self, stage: str, request: ChatRequest, answer: ChatAnswer) -> ChatAnswer:
        as_asked = is_as_asked(request, answer, self._settings.served_as)
        put = partial(self.store.put, request, answer, stage=stage, aside=not as_asked)
        return await self._io.write(put)

    def _endpoint(self, url: str) -> Endpoint:
        if url not in self._endpoints:
            assert self._connect is not None  # noqa: S101 - `_find` has seen to it
            self._endpoints[url] = self._connect(url)
        return self._endpoints[url]

    def _line(self, request: ChatRequest) -> Line:
        if request.endpoint not in self._lines:
            self._lines[request.endpoint] = Line(request.endpoint, self._settings)
        return self._lines[request.endpoint]
