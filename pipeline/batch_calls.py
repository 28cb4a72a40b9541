"""Requests that go out as Batch files, and answers that come in days later.

A build in batch mode writes requests without an answer into files, submits them, and remembers
the ids of the batches in the answer store; a later build finds the batches ended, puts their
answers into the store, and goes on as if it had asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from pipeline.answer_batches import BatchNotes
from pipeline.answer_checks import is_as_asked
from pipeline.answer_rows import Note, OpenBatch
from pipeline.answers import AnswerStore
from schemas.chat import Asked, ChatAnswer, ChatRequest
from schemas.chat_batch import BatchLine, BatchState
from schemas.errors import MerrError, SetupError, TransientError
from schemas.units import Row

# Far less than OpenAI takes in one file (50,000 requests, 200 MB): other endpoints take less, and
# the last request goes over.
MOST_REQUESTS: Final = 20_000
MOST_BYTES: Final = 80_000_000
_AT_ONCE: Final = 200  # answers taken in with one commit


class Batches(Protocol):
    """What `annotators.models.chat_batches.ChatBatches` gives."""

    def line(self, request: ChatRequest) -> bytes: ...
    async def submit(self, lines: bytes, *, mark: str) -> str: ...
    async def find(self, mark: str, submitted_at: str) -> str | None: ...
    async def look(self, batch_id: str) -> BatchState: ...
    async def lines(self, file_id: str) -> list[BatchLine]: ...
    def answer(self, asked: Asked, body: str) -> ChatAnswer: ...
    async def aclose(self) -> None: ...


class Collected(Row):
    """What came of the batches that were open."""

    answers: int = 0
    failed: int = 0  # requests that a batch could not answer: each is asked by itself next
    late: int = 0  # requests that a batch did not get to
    running: int = 0  # requests in batches that still run


@dataclass
class _File:
    """A Batch file that is being written. All its requests are for one model."""

    request_ids: list[str] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0


class BatchCalls:
    """Batches of all endpoints. Memory is bounded: a full file is submitted at once."""

    def __init__(
        self,
        store: AnswerStore,
        connect: Callable[[str], Batches],
        *,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """A file ends with the request that fills it."""
        self._store = store
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._submitted = 0
        self._notes = BatchNotes(store)
        self._connect = connect
        self._files: dict[tuple[str, str], _File] = {}
        self._known: dict[str, Batches] = {}

    async def add(self, request: ChatRequest) -> None:
        """A noted request, for the next file of its endpoint and model."""
        whose = (request.endpoint, request.model)
        file = self._files.setdefault(whose, _File())
        line = self._batches(request.endpoint).line(request)
        file.request_ids.append(request.request_id)
        file.lines.append(line)
        file.size += len(line)
        if len(file.lines) >= self._most_requests or file.size >= self._most_bytes:
            await self._submit(request.endpoint, self._files.pop(whose))

    async def submit(self) -> int:
        """Submits what waits; how many requests were submitted since the beginning."""
        for whose in list(self._files):
            await self._submit(whose[0], self._files.pop(whose))
        return self._submitted

    async def collect(self, served_as: tuple[str, ...] = ()) -> Collected:
        """Takes in every batch that has ended. SetupError where an endpoint took none of it."""
        await self._adopt()
        sums = Collected()
        refused = []
        for batch in self._notes.open_batches():
            state = await self._batches(batch.endpoint).look(batch.batch_id)
            if state.is_running:
                sums = _plus(sums, Collected(running=batch.requests))
                continue
            for file_id in state.files:
                sums = _plus(sums, await self._take(batch, file_id, served_as))
            self._notes.end_batch(batch.batch_id, state=state.status)
            if state.status == "failed":
                refused.append(f"{batch.endpoint}: batch {batch.batch_id}: {state.error}")
        if refused:
            told = "; ".join(refused)
            raise SetupError(f"{told}; nothing was billed, the next build submits it again")
        return sums

    async def _submit(self, endpoint: str, file: _File) -> None:
        mark = self._notes.note_submitting(file.request_ids, endpoint=endpoint)
        try:
            batch_id = await self._batches(endpoint).submit(b"".join(file.lines), mark=mark)
        except MerrError as e:
            lost = isinstance(e, TransientError) and e.may_be_paid
            self._notes.note_failed(file.request_ids, mark=mark, lost=lost)
            raise
        self._notes.note_batch(file.request_ids, mark=mark, batch_id=batch_id)
        self._submitted += len(file.lines)

    async def _adopt(self) -> None:
        """Batches whose process was killed before it noted their id: found at the endpoint by their
        mark. Where it knows none of this mark there is none, and nothing was billed; where it lists
        no batches nobody knows."""
        for one in self._notes.unconfirmed():
            try:
                batch_id = await self._batches(one.endpoint).find(one.mark, one.submitted_at)
            except SetupError:
                self._notes.abandon(one, lost=True)
                continue
            if batch_id is None:
                self._notes.abandon(one, lost=False)
            else:
                self._notes.adopt(one, batch_id)

    async def _take(self, batch: OpenBatch, file_id: str, served_as: tuple[str, ...]) -> Collected:
        batches = self._batches(batch.endpoint)
        notes = {note.request_id: note for note in self._notes.in_batch(batch.batch_id)}
        works = [
            partial(self._take_line, batches, notes[line.request_id], line, served_as)
            for line in await batches.lines(file_id)
            if line.request_id in notes  # else a build that was killed then took it in
        ]
        sums = Collected()
        for at in range(0, len(works), _AT_ONCE):
            for taken in self._store.together(works[at : at + _AT_ONCE]):
                if isinstance(taken, SetupError):
                    raise taken
                sums = _plus(sums, taken)
        return sums

    def _take_line(
        self, batches: Batches, note: Note, line: BatchLine, served_as: tuple[str, ...]
    ) -> Collected:
        try:
            answer = batches.answer(note, line.body) if line.body is not None else None
        except TransientError:  # a body that is no completion
            answer = None
        if answer is not None:
            aside = not is_as_asked(note, answer, served_as)
            self._store.put(note, answer, stage=note.stage, tariff="batch", aside=aside)
            return Collected(answers=1)
        self._store.unnote(note.request_id, lost=False, online=not line.is_late)
        return Collected(late=1) if line.is_late else Collected(failed=1)

    async def aclose(self) -> None:
        for batches in self._known.values():
            await batches.aclose()

    def _batches(self, endpoint: str) -> Batches:
        if endpoint not in self._known:
            self._known[endpoint] = self._connect(endpoint)
        return self._known[endpoint]


def _plus(one: Collected, other: Collected) -> Collected:
    both = zip(one.model_dump().items(), other.model_dump().values(), strict=True)
    return Collected(**{name: a + b for (name, a), b in both})
