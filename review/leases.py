"""Leases: who works at a sample now. They expire by themselves, so that none is left behind."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, delete, func, select
from sqlalchemy.engine import RowMapping

from review.errors import MissingError
from review.people import Person
from review.queues import Queue, queue_by_id
from review.store import ReviewStore, insert_into, lock_queue
from review.tables import items, leases


def item_row(db: Connection, item_id: int) -> RowMapping:
    found = db.execute(select(items).where(items.c.item_id == item_id)).mappings().first()
    if found is None:
        raise MissingError("there is no such sample")
    return found


@contextmanager
def changing(store: ReviewStore, item_id: int) -> Iterator[tuple[Connection, RowMapping, Queue]]:
    """A transaction in which nobody else changes the queue of an item, with both as they are."""
    with store.write() as db:
        queue_id = item_row(db, item_id)["queue_id"]
        lock_queue(db, queue_id)
        yield db, item_row(db, item_id), queue_by_id(db, queue_id)


def held_lease(db: Connection, person: Person, item_id: int) -> RowMapping | None:
    mine = (leases.c.item_id == item_id) & (leases.c.person_id == person.person_id)
    return db.execute(select(leases).where(mine)).mappings().first()


def take_lease(db: Connection, person: Person, item_id: int, *, now: int, lease_ms: int) -> str:
    """The live lease of this person on the item, made longer; else a new one. Its id."""
    held = held_lease(db, person, item_id)
    alive = held is not None and held["expires_ms"] > now
    lease_id: str = held["lease_id"] if held is not None and alive else secrets.token_hex(8)
    changes = {"lease_id": lease_id, "expires_ms": now + lease_ms}
    row = {"item_id": item_id, "person_id": person.person_id, **changes}
    statement = insert_into(db, leases).values(row)
    keys = ["item_id", "person_id"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes))
    return lease_id


def drop_lease(db: Connection, person: Person, item_id: int) -> None:
    mine = (leases.c.item_id == item_id) & (leases.c.person_id == person.person_id)
    db.execute(delete(leases).where(mine))


def with_room(person: Person, now: int) -> ColumnElement[bool]:
    """Decisions that stand and live leases of others are fewer than needed."""
    others = (
        select(func.count())
        .select_from(leases)
        .where(leases.c.item_id == items.c.item_id)
        .where((leases.c.person_id != person.person_id) & (leases.c.expires_ms > now))
        .scalar_subquery()
    )
    return items.c.needed.is_(None) | (items.c.done + others < items.c.needed)


def has_room(db: Connection, item: RowMapping, person: Person, now: int) -> bool:
    room = (items.c.item_id == item["item_id"]) & items.c.open & with_room(person, now)
    return db.execute(select(items.c.item_id).where(room)).first() is not None
