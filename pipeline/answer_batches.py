"""The batches in an answer store: which requests wait in which."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import func, insert, select, update

from pipeline.answer_rows import Note, OpenBatch
from pipeline.answer_store import named_errors
from pipeline.answer_tables import batches, notes
from pipeline.answers import CLOSED, SENT, AnswerStore, now

_AT_ONCE: Final = 500  # values in one statement
_BATCH: Final = "batch"


class BatchNotes:
    """Over the tables of `store`."""

    def __init__(self, store: AnswerStore) -> None:
        self.store = store

    def note_sent(self, request_ids: Sequence[str]) -> None:
        """Queued requests, right before they are sent."""
        with self.store.write() as db:
            for some in _parts(request_ids):
                ours = update(notes).where(notes.c.request_id.in_(some))
                db.execute(ours.values(state=SENT, holder=self.store.holder))

    def note_batch(self, request_ids: Sequence[str], *, endpoint: str, batch_id: str) -> None:
        """Noted requests, which now wait in a batch of the endpoint."""
        row = {"batch_id": batch_id, "endpoint": endpoint, "submitted_at": now()}
        with self.store.write() as db:
            db.execute(insert(batches).values(row))
            for some in _parts(request_ids):
                ours = update(notes).where(notes.c.request_id.in_(some))
                db.execute(ours.values(state=_BATCH, holder=batch_id))

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
        order = query.where(batches.c.ended.is_(None)).order_by(batches.c.submitted_at)
        with named_errors(self.store.engine), self.store.engine.connect() as db:
            return [OpenBatch.model_validate(dict(row)) for row in db.execute(order).mappings()]

    def in_batch(self, batch_id: str) -> list[Note]:
        return self.store.notes((notes.c.state == _BATCH) & (notes.c.holder == batch_id))


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Databases take only so many values in one statement."""
    yield from (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
