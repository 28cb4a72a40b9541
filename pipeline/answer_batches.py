"""The batches in an answer store: which requests wait in which."""

import secrets
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from pipeline.answer_rows import Note, OpenBatch, Unconfirmed
from pipeline.answer_store import named_errors
from pipeline.answer_tables import batches, notes
from pipeline.answers import CLOSED, SUBMITTING, AnswerStore, is_gone, now

_AT_ONCE: Final = 500  # values in one statement
_BATCH: Final = "batch"
_PREFIX: Final = "submitting "  # in the place of an id that is not known yet
_IS_UNCONFIRMED: Final = batches.c.batch_id.startswith(_PREFIX)


class BatchNotes:
    """Over the tables of `store`."""

    def __init__(self, store: AnswerStore) -> None:
        self.store = store

    def note_submitting(self, request_ids: Sequence[str], *, endpoint: str) -> str:
        """Queued requests, right before they are sent. The mark by which their batch is known at
        the endpoint, should nobody live to note its id."""
        mark = secrets.token_hex(16)
        row = {"batch_id": self._unconfirmed(mark), "endpoint": endpoint, "submitted_at": now()}
        with self.store.write() as db:
            db.execute(insert(batches).values(row))
            self._hand_over(db, request_ids, state=SUBMITTING, to=self._unconfirmed(mark))
        return mark

    def note_batch(self, request_ids: Sequence[str], *, mark: str, batch_id: str) -> None:
        """These requests now wait in a batch of the endpoint."""
        self._confirm(self._unconfirmed(mark), batch_id, request_ids)

    def note_failed(self, request_ids: Sequence[str], *, mark: str, lost: bool) -> None:
        """There is no batch; `lost`: there may be one all the same."""
        self._drop(self._unconfirmed(mark), request_ids, lost=lost)

    def adopt(self, unconfirmed: Unconfirmed, batch_id: str) -> None:
        """The batch of a process that was killed before it could note the id."""
        held = [note.request_id for note in self._held(SUBMITTING, unconfirmed.held_as)]
        self._confirm(unconfirmed.held_as, batch_id, held)

    def abandon(self, unconfirmed: Unconfirmed, *, lost: bool) -> None:
        held = [note.request_id for note in self._held(SUBMITTING, unconfirmed.held_as)]
        self._drop(unconfirmed.held_as, held, lost=lost)

    def unconfirmed(self) -> list[Unconfirmed]:
        """Batches that processes of this machine were submitting when they ended."""
        query = select(batches.c.batch_id, batches.c.endpoint, batches.c.submitted_at)
        with named_errors(self.store.engine), self.store.engine.connect() as db:
            rows = db.execute(query.where(_IS_UNCONFIRMED, batches.c.ended.is_(None))).all()
        found = [_unconfirmed_of(*row) for row in rows]
        return [one for one in found if is_gone(one.holder)]

    def _unconfirmed(self, mark: str) -> str:
        return f"{_PREFIX}{mark} {self.store.holder}"

    def _confirm(self, held_as: str, batch_id: str, request_ids: Sequence[str]) -> None:
        ours = update(batches).where(batches.c.batch_id == held_as)
        with self.store.write() as db:
            db.execute(ours.values(batch_id=batch_id))
            self._hand_over(db, request_ids, state=_BATCH, to=batch_id)

    def _drop(self, held_as: str, request_ids: Sequence[str], *, lost: bool) -> None:
        gone = update(batches).where(batches.c.batch_id == held_as)
        with self.store.write() as db:
            db.execute(gone.values(ended="never"))
            for some in _parts(request_ids):
                closed = update(notes).where(notes.c.request_id.in_(some))
                db.execute(closed.values(state=CLOSED, lost=notes.c.lost + int(lost)))

    def _hand_over(
        self, db: Connection, request_ids: Sequence[str], *, state: str, to: str
    ) -> None:
        for some in _parts(request_ids):
            ours = update(notes).where(notes.c.request_id.in_(some))
            db.execute(ours.values(state=state, holder=to))

    def end_batch(self, batch_id: str, *, state: str) -> None:
        """The batch is collected; what it did not answer may be asked again."""
        left = (notes.c.state == _BATCH) & (notes.c.holder == batch_id)
        with self.store.write() as db:
            db.execute(update(notes).where(left).values(state=CLOSED))
            ended = update(batches).where(batches.c.batch_id == batch_id)
            db.execute(ended.values(ended=state))

    def open_batches(self) -> list[OpenBatch]:
        """Batches not collected yet, oldest first, with how many requests wait in each."""
        waiting = select(func.count()).where(notes.c.holder == batches.c.batch_id)
        columns = (batches.c.batch_id, batches.c.endpoint, batches.c.submitted_at)
        query = select(*columns, waiting.scalar_subquery().label("requests"))
        confirmed = query.where(batches.c.ended.is_(None), ~_IS_UNCONFIRMED)
        order = confirmed.order_by(batches.c.submitted_at)
        with named_errors(self.store.engine), self.store.engine.connect() as db:
            return [OpenBatch.model_validate(dict(row)) for row in db.execute(order).mappings()]

    def in_batch(self, batch_id: str) -> list[Note]:
        return self._held(_BATCH, batch_id)

    def _held(self, state: str, holder: str) -> list[Note]:
        return self.store.notes((notes.c.state == state) & (notes.c.holder == holder))


def _unconfirmed_of(held_as: str, endpoint: str, submitted_at: str) -> Unconfirmed:
    mark, _, holder = held_as.removeprefix(_PREFIX).partition(" ")
    return Unconfirmed(
        held_as=held_as, mark=mark, holder=holder, endpoint=endpoint, submitted_at=submitted_at
    )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Databases take only so many values in one statement."""
    yield from (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
