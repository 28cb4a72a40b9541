"""Leases: who works at a sample now. They expire by themselves, so that none is left behind."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, delete, func, select
from sqlalchemy.engine import RowMapping

from review.errors import MissingError
from review.people import Person
from review.queues import Queue, queue_of
from review.store import ReviewStore, insert_for, lock_queue
from review.tables import items, leases, mine, queues, whose


def _with_room() -> ColumnElement[bool]:
    """Decisions that stand and live leases of others than `of_person` at `now` are fewer than
    needed."""
    others = (
        select(func.count())
        .select_from(leases)
        .where(leases.c.item_id == items.c.item_id)
        .where(leases.c.person_id != bindparam("of_person"))
        .where(leases.c.expires_ms > bindparam("now"))
        .scalar_subquery()
    )
    return items.c.needed.is_(None) | (items.c.done + others < items.c.needed)


WITH_ROOM: Final = _with_room()
_OF_QUEUE: Final = "of_queue_"
ITEM: Final = (
    select(items, *(column.label(f"{_OF_QUEUE}{column.name}") for column in queues.c))
    .join(queues, queues.c.queue_id == items.c.queue_id)
    .where(items.c.item_id == bindparam("of_item"))
)
_ROOM: Final = (
    select(items.c.item_id)
    .where(items.c.item_id == bindparam("of_item"))
    .where(items.c.open & WITH_ROOM)
)
_HELD: Final = select(leases).where(mine(leases))
_DROP: Final = delete(leases).where(mine(leases))


def item_row(
    db: Connection, item_id: int, query: Select[Any] = ITEM, asked: Mapping[str, Any] | None = None
) -> RowMapping:
    """With its queue's columns, so named; `query`: an ITEM that tells more, with parameters of its
    own."""
    found = db.execute(query, {"of_item": item_id, **(asked or {})}).mappings().first()
    if found is None:
        raise MissingError("there is no such sample")
    return found


@contextmanager
def changing(
    store: ReviewStore,
    item_id: int,
    query: Select[Any] = ITEM,
    asked: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Connection, RowMapping, Queue]]:
    """A transaction in which nobody else changes the queue of an item, with both as they are."""
    with store.write() as db:
        item = item_row(db, item_id, query, asked)
        if lock_queue(db, item["queue_id"]):
            item = item_row(db, item_id, query, asked)
        yield db, item, queue_of(item, prefix=_OF_QUEUE)


def held_lease(db: Connection, person: Person, item_id: int) -> RowMapping | None:
    return db.execute(_HELD, whose(item_id, person.person_id)).mappings().first()


def take_lease(db: Connection, person: Person, item_id: int, *, now: int, lease_ms: int) -> str:
    """The live lease of this person on the item, made longer; else a new one. Its id."""
    row = {"item_id": item_id, "person_id": person.person_id, "lease_id": secrets.token_hex(8)}
    parameters = row | {"expires_ms": now + lease_ms, "now": now}
    lease_id: str = db.execute(_take(db.dialect.name), parameters).scalar_one()
    return lease_id


@cache
def _take(dialect: str) -> Any:
    new = insert_for(dialect, leases)
    alive = leases.c.expires_ms > bindparam("now")
    return new.on_conflict_do_update(
        index_elements=["item_id", "person_id"],
        set_={
            "lease_id": case((alive, leases.c.lease_id), else_=new.excluded.lease_id),
            "expires_ms": new.excluded.expires_ms,
        },
    ).returning(leases.c.lease_id)


def drop_lease(db: Connection, person: Person, item_id: int) -> None:
    db.execute(_DROP, whose(item_id, person.person_id))


def has_room(db: Connection, item: RowMapping, person: Person, now: int) -> bool:
    parameters = {**whose(item["item_id"], person.person_id), "now": now}
    return db.execute(_ROOM, parameters).first() is not None
