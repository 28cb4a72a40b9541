"""The answer store: no received answer is paid twice.

A request is noted before it is sent, its answer is on the disk before it is used. So after a kill
at most the calls in flight can repeat, and the notes tell which those were. Failures are not kept.
"""

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Table,
    case,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.answer_rows import Most, Note
from pipeline.answer_store import ConflictError, named_errors
from pipeline.answer_tables import answers, notes, refused_modes
from pipeline.media_marks import without_media
from schemas.chat import Asked, ChatAnswer, ChatRequest, Mode, canonical_json
from schemas.errors import SetupError

T = TypeVar("T")

Tariff = Literal["online", "batch"]
_CONFLICTS: Final = 5  # in a row; each means that another process went on
SENT: Final = "sent"
_QUEUED: Final = "queued"
_ONLINE: Final = "online"
CLOSED: Final = "closed"
SUBMITTING: Final = "submitting"  # in a batch whose id is not known yet


class AnswerStore:
    """Answers by request_id. Threads may share one; so may processes."""

    def __init__(self, engine: Engine, *, holder: str) -> None:
        self.engine = engine
        self.holder = holder
        self._shared = threading.local()  # the transaction of `together`

    def get(self, request_id: str) -> ChatAnswer | None:
        with named_errors(self.engine), self.engine.connect() as db:
            found = db.execute(
                select(answers.c.answer_json).where(answers.c.request_id == request_id)
            ).scalar()
        return ChatAnswer.model_validate_json(found) if found is not None else None

    def note(self, request: ChatRequest, *, stage: str, most: Most, queued: bool = False) -> None:
        """Before the request is sent. A note still open is of a call that was lost. `queued`: it
        goes into a batch that is not sent yet."""
        with self.write() as db:
            self._note(db, request, stage, most, state=_QUEUED if queued else SENT)

    def state(self, request_id: str) -> str | None:
        """queued, sent, submitting, batch, online or closed; None: never noted."""
        query = select(notes.c.state).where(notes.c.request_id == request_id)
        with named_errors(self.engine), self.engine.connect() as db:
            state: str | None = db.execute(query).scalar()
        return state

    def unnote(self, request_id: str, *, lost: bool, online: bool = False) -> None:
        """The call failed. `lost`: it may have been answered and billed all the same. `online`:
        a batch could not answer it, ask it by itself next time to see why."""
        state = _ONLINE if online else CLOSED
        closed = update(notes).where(notes.c.request_id == request_id)
        with self.write() as db:
            db.execute(closed.values(state=state, lost=notes.c.lost + int(lost)))

    def put(
        self,
        request: Asked,
        answer: ChatAnswer,
        *,
        stage: str,
        tariff: Tariff = "online",
        aside: bool = False,
    ) -> ChatAnswer:
        """The answer that is stored now: where another process was first, the one it got.
        `aside`: keep it for the sums, but never give it out; another model wrote it."""
        row = {
            "request_id": _aside(answer) if aside else answer.request_id,
            "stage": stage,
            "endpoint": request.endpoint,
            "model": request.model,
            "tariff": tariff,
            **answer.usage.model_dump(),
            "answered_at": now(),
            "answer_json": answer.model_dump_json(),
        }
        closed = update(notes).where(notes.c.request_id == answer.request_id)
        with self.write() as db:
            insertion = self._insert(answers).values(row).on_conflict_do_nothing()
            new = db.execute(insertion.returning(answers.c.request_id)).first() is not None
            db.execute(closed.values(state=CLOSED))
        return answer if new or aside else self.get(answer.request_id) or answer

    def in_flight(self) -> list[Note]:
        """Requests that were sent and not heard of since, oldest first."""
        return self.notes(notes.c.state == SENT)

    def notes(self, which: ColumnElement[bool]) -> list[Note]:
        """Notes by what their columns say, oldest first."""
        query = select(*(notes.c[name] for name in Note.model_fields)).where(which)
        with named_errors(self.engine), self.engine.connect() as db:
            rows = db.execute(query.order_by(notes.c.noted_at, notes.c.request_id)).mappings()
            return [Note.model_validate(dict(row)) for row in rows]

    def settle(self) -> int:
        """Close the notes of processes of this machine that are gone, as lost. How many."""
        gone = [n.request_id for n in self.in_flight() if is_gone(n.holder)]
        for request_id in gone:
            self.unnote(request_id, lost=True)
        return len(gone)

    def give_up(self) -> None:
        """Close the open notes of this process, as lost."""
        ours = (notes.c.state == SENT) & (notes.c.holder == self.holder)
        with self.write() as db:
            db.execute(update(notes).where(ours).values(state=CLOSED, lost=notes.c.lost + 1))

    def refuse_mode(self, request: ChatRequest) -> None:
        row = {"endpoint": request.endpoint, "model": request.model, "mode": request.mode}
        with self.write() as db:
            db.execute(self._insert(refused_modes).values(row).on_conflict_do_nothing())

    def refused_modes(self) -> set[tuple[str, str, Mode]]:
        """Endpoint, model and mode that did not go together. Kept, so that a replay asks alike."""
        with named_errors(self.engine), self.engine.connect() as db:
            rows = db.execute(select(refused_modes)).all()
        return {(row.endpoint, row.model, row.mode) for row in rows}

    def together(self, works: Sequence[Callable[[], T]]) -> list[T | SetupError]:
        """Writes that share one commit; one by one where they cannot."""
        if len(works) == 1:
            return [self._alone(works[0])]
        try:
            return self._shared_commit(works)
        except SetupError:
            return [self._alone(work) for work in works]

    def _alone(self, work: Callable[[], T]) -> T | SetupError:
        """Again where another process was in the way, which never waits for this one twice."""
        for tries_left in reversed(range(_CONFLICTS)):
            try:
                return self._shared_commit([work])[0]
            except ConflictError as e:
                if not tries_left:
                    return e
            except SetupError as e:
                return e
        raise AssertionError("the last try returns")

    def _shared_commit(self, works: Sequence[Callable[[], T]]) -> list[T]:
        try:
            with self.write() as db:
                self._shared.db = db
                return [work() for work in works]
        finally:
            self._shared.db = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction, on the disk when it ends; inside `together` the shared one."""
        shared = getattr(self._shared, "db", None)
        with named_errors(self.engine):
            if shared is not None:
                yield shared
                return
            with self.engine.begin() as db:
                yield db

    def close(self) -> None:
        self.engine.dispose()

    def _note(
        self, db: Connection, request: ChatRequest, stage: str, most: Most, *, state: str
    ) -> None:
        row = {
            "request_id": request.request_id,
            "stage": stage,
            "endpoint": request.endpoint,
            "model": request.model,
            "request_json": without_media(canonical_json(request.model_dump())),
            "most_prompt_tokens": most.prompt_tokens,
            "most_audio_tokens": most.audio_tokens,
            "most_output_tokens": most.output_tokens,
            "most_sound_s": most.sound_s,
            "state": state,
            "holder": self.holder,
            "noted_at": now(),
            "lost": 0,
        }
        again = {name: row[name] for name in ("state", "holder", "noted_at")}
        again["lost"] = notes.c.lost + case((notes.c.state == SENT, 1), else_=0)
        statement = self._insert(notes).values(row)
        db.execute(statement.on_conflict_do_update(index_elements=["request_id"], set_=again))

    def _insert(self, table: Table) -> Any:
        """Both dialects spell `on conflict` alike, but each brings its own class for it."""
        kinds = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
        statement: Insert = kinds[self.engine.dialect.name](table)
        return statement


def _aside(answer: ChatAnswer) -> str:
    """A key under which nobody looks."""
    return hashlib.sha256(f"aside {answer.request_id} {answer.raw_json}".encode()).hexdigest()


def this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


def is_gone(holder: str | None) -> bool:
    """Whether the process was one of this machine and has ended."""
    host, _, pid = (holder or "").rpartition("/")
    if host != socket.gethostname() or not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
