"""Handing out: the next sample for a person, under a lease that expires by itself."""

import hashlib
import json
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, update
from sqlalchemy.engine import RowMapping

from review.drafts import Draft, draft_of
from review.errors import ConflictError, ForbiddenError, MissingError
from review.leases import (
    changing,
    drop_lease,
    has_room,
    held_lease,
    take_lease,
    with_room,
)
from review.people import Person
from review.queues import Queue, is_for, queue_by_id
from review.store import ReviewStore, lock_queue
from review.tables import drafts, events, items, leases, snapshots, standing
from schemas.review import ReviewMode, ShownClip, ShownSample, ShownText
from schemas.units import Row


class Handout(Row):
    """One sample on somebody's screen. `version` counts what this person did with it so far: a
    decision names it, so that two tabs cannot both decide."""

    item_id: int
    queue: str
    mode: ReviewMode
    practice: bool
    adjudication: bool
    labels: tuple[str, ...]  # the vocabulary
    lease_id: str
    expires_ms: int
    version: int
    clip: ShownClip
    told: ShownText | None  # None: the label is asked before it may be seen (label_first)
    other: ShownText | None  # A/B: the text on the right; `told` stands on the left
    blind_labels: tuple[str, ...] | None  # given before the text was shown
    draft: Draft | None


class Idle(Row):
    """Nothing to hand out, and why. waiting: others have all that is open, for now."""

    why: Literal["finished", "waiting", "paused"]


def next_item(store: ReviewStore, person: Person, queue_id: int) -> Handout | Idle:
    """What this person has already, in whatever tab; else the next that has room. A practice set
    comes first. MissingError for a queue that is not for this person."""
    with store.write(queue_id) as db:
        queue = queue_by_id(db, queue_id)
        _check_access(db, queue, person)
        if queue.practice_id is not None:
            lock_queue(db, queue.practice_id)
            found = _next(db, person, queue_by_id(db, queue.practice_id), store.clock())
            if isinstance(found, Handout):
                return found
        return _next(db, person, queue, store.clock())


def _next(db: Connection, person: Person, queue: Queue, now: int) -> Handout | Idle:
    item = _begun(db, person, queue, now)
    if item is None and queue.state == "paused":
        return Idle(why="paused")
    item = item or _free(db, person, queue, now)
    if item is None:
        return Idle(why="waiting" if _others_hold(db, person, queue) else "finished")
    return lease(db, person, queue, item, now)


def renew(store: ReviewStore, person: Person, item_id: int, lease_id: str) -> int:
    """Keep a lease for as long again; when it now expires. ConflictError when it is lost."""
    with changing(store, item_id) as (db, row, queue):
        until = store.clock() + queue.lease_ms
        held = held_lease(db, person, item_id)
        if held is None or held["lease_id"] != lease_id:
            raise ConflictError("this sample is no longer yours: load the next")
        if held["expires_ms"] <= store.clock() and not has_room(db, row, person, store.clock()):
            raise ConflictError("your time with this sample ran out: load the next")
        mine = (leases.c.item_id == item_id) & (leases.c.person_id == person.person_id)
        db.execute(update(leases).where(mine).values(expires_ms=until))
    return until


def give_back(store: ReviewStore, person: Person, item_id: int) -> None:
    """Let go of a sample; a draft stays."""
    with store.write() as db:
        drop_lease(db, person, item_id)


def lease(db: Connection, person: Person, queue: Queue, item: RowMapping, now: int) -> Handout:
    """The item as this person may see it, under a lease: the one there is, or a new one."""
    lease_id = take_lease(db, person, item["item_id"], now=now, lease_ms=queue.lease_ms)
    return _handout(db, person, queue, item, lease_id, now + queue.lease_ms)


def _handout(
    db: Connection, person: Person, queue: Queue, item: RowMapping, lease_id: str, until: int
) -> Handout:
    item_id = item["item_id"]
    shown = snapshot(db, item["sample_id"], item["text_hash"])
    told, other = shown.told, None
    if item["other_hash"] is not None:
        other = snapshot(db, item["sample_id"], item["other_hash"]).told
        if is_flipped(queue, item_id, person):
            told, other = other, told
    blind = blind_labels(db, person, item_id)
    hidden = queue.mode == "label_first" and blind is None
    return Handout(
        item_id=item_id,
        queue=queue.name,
        mode=queue.mode,
        practice=queue.kind == "practice",
        adjudication=queue.kind == "adjudication",
        labels=queue.labels,
        lease_id=lease_id,
        expires_ms=until,
        version=version_of(db, person, item_id),
        clip=shown.clip,
        told=None if hidden else told,
        other=other,
        blind_labels=blind,
        draft=draft_of(db, person, item_id),
    )


def _begun(db: Connection, person: Person, queue: Queue, now: int) -> RowMapping | None:
    """A sample under a live lease of this person, else one with a draft that still has room."""
    mine = leases.c.person_id == person.person_id
    held = select(leases.c.item_id).where(mine & (leases.c.expires_ms > now))
    kept = select(drafts.c.item_id).where(drafts.c.person_id == person.person_id)
    ids = db.execute(held.union(kept)).scalars().all()
    if not ids:
        return None
    alive = items.c.item_id.in_(held)
    free = with_room(person, now) & items.c.open & ~_decided_by(person)
    begun = select(items).where(_of(queue) & items.c.item_id.in_(ids) & (alive | free))
    order = (alive.desc(), items.c.priority.desc(), items.c.place)
    return db.execute(begun.order_by(*order).limit(1)).mappings().first()


def _free(db: Connection, person: Person, queue: Queue, now: int) -> RowMapping | None:
    open_to_me = items.c.open & ~_decided_by(person) & with_room(person, now)
    return _first(db, select(items).where(_of(queue) & open_to_me))


def _others_hold(db: Connection, person: Person, queue: Queue) -> bool:
    left = _of(queue) & items.c.open & ~_decided_by(person)
    return db.execute(select(items.c.item_id).where(left).limit(1)).first() is not None


def _first(db: Connection, query: Select[tuple[object, ...]]) -> RowMapping | None:
    order = (items.c.priority.desc(), items.c.place, items.c.item_id)
    return db.execute(query.order_by(*order).limit(1)).mappings().first()


def _of(queue: Queue) -> ColumnElement[bool]:
    return items.c.queue_id == queue.queue_id


def _decided_by(person: Person) -> ColumnElement[bool]:
    return exists().where(
        and_(standing.c.item_id == items.c.item_id, standing.c.person_id == person.person_id)
    )


def snapshot(db: Connection, sample_id: str, text_hash: str) -> ShownSample:
    ours = (snapshots.c.sample_id == sample_id) & (snapshots.c.text_hash == text_hash)
    text = db.execute(select(snapshots.c.shown_json).where(ours)).scalar_one()
    return ShownSample.model_validate_json(text)


def version_of(db: Connection, person: Person, item_id: int) -> int:
    mine = (events.c.item_id == item_id) & (events.c.person_id == person.person_id)
    return db.execute(select(func.count()).select_from(events).where(mine)).scalar_one()


def blind_labels(db: Connection, person: Person, item_id: int) -> tuple[str, ...] | None:
    """Given before the machine's text was shown; None: not yet. They are never changed."""
    mine = (events.c.item_id == item_id) & (events.c.person_id == person.person_id)
    text = db.execute(
        select(events.c.labels_json).where(mine & (events.c.kind == "label"))
    ).scalar()
    return None if text is None else labels_of(text)


def labels_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def is_flipped(queue: Queue, item_id: int, person: Person) -> bool:
    """Whether the first text stands on the right; by lot, the same at every look."""
    drawn = hashlib.sha256(f"{queue.seed}:{item_id}:{person.person_id}".encode()).digest()
    return drawn[0] % 2 == 1


def _check_access(db: Connection, queue: Queue, person: Person) -> None:
    if queue.kind == "adjudication" and not person.leads:
        raise ForbiddenError("disagreements are settled by leads")
    if not is_for(db, queue.queue_id, person):
        raise MissingError("there is no such queue")
