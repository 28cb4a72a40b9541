"""Handing out: the next sample for a person, under a lease that expires by itself."""

import hashlib
import json
from typing import Any, Final, Literal

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.engine import RowMapping

from review.drafts import Draft, as_draft
from review.errors import ConflictError
from review.leases import (
    WITH_ROOM,
    changing,
    drop_lease,
    has_room,
    held_lease,
    take_lease,
)
from review.people import Person
from review.queues import Queue, queue_by_id, queue_for
from review.store import ReviewStore, lock_queue
from review.tables import drafts, events, items, leases, mine, snapshots, standing, whose
from schemas.review import ReviewMode, ShownClip, ShownSample, ShownText
from schemas.units import Row

# Parameters: of_person, of_queue, now; see `tables.mine` for why they are made once.
_DECIDED: Final = exists().where(
    and_(standing.c.item_id == items.c.item_id, standing.c.person_id == bindparam("of_person"))
)
_LEASED: Final = (
    select(leases.c.item_id)
    .where(leases.c.person_id == bindparam("of_person"))
    .where(leases.c.expires_ms > bindparam("now"))
)
_TOUCHED: Final = _LEASED.union(
    select(drafts.c.item_id).where(drafts.c.person_id == bindparam("of_person"))
)
_OPEN: Final = (items.c.queue_id == bindparam("of_queue")) & items.c.open & ~_DECIDED
_ORDER: Final = (items.c.priority.desc(), items.c.place, items.c.item_id)
_LEFT: Final = select(items.c.item_id).where(_OPEN).limit(1)
TIMES: Final = (
    select(func.count())
    .where(events.c.item_id == items.c.item_id)
    .where(events.c.person_id == bindparam("of_person"))
    .scalar_subquery()
)
SHOWN: Final = (
    select(snapshots.c.shown_json)
    .where(snapshots.c.sample_id == items.c.sample_id)
    .where(snapshots.c.text_hash == items.c.text_hash)
    .scalar_subquery()
)
_LOOK: Final = select(  # all that is shown of a sample, in one statement
    items, TIMES.label("times"), SHOWN.label("shown_json"), drafts.c.draft_json, drafts.c.version
).select_from(
    items.outerjoin(
        drafts,
        (drafts.c.item_id == items.c.item_id) & (drafts.c.person_id == bindparam("of_person")),
    )
)
_FREE: Final = _LOOK.where(_OPEN & WITH_ROOM).order_by(*_ORDER).limit(1)
_ALIVE: Final = items.c.item_id.in_(_LEASED)
_BEGUN: Final = (
    _LOOK.where(items.c.queue_id == bindparam("of_queue"))
    .where(items.c.item_id.in_(bindparam("ids", expanding=True)))
    .where(_ALIVE | (_OPEN & WITH_ROOM))
    .order_by(_ALIVE.desc(), *_ORDER)
    .limit(1)
)
_ONE: Final = _LOOK.where(items.c.item_id == bindparam("of_item"))
_SNAPSHOT: Final = (
    select(snapshots.c.shown_json)
    .where(snapshots.c.sample_id == bindparam("sample"))
    .where(snapshots.c.text_hash == bindparam("hash"))
)
_BLIND: Final = select(events.c.labels_json).where(mine(events) & (events.c.kind == "label"))


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
        queue = queue_for(db, queue_id, person)
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
        return Idle(why="waiting" if _others_hold(db, person, queue, now) else "finished")
    return _handout(db, person, queue, item, now)


def renew(store: ReviewStore, person: Person, item_id: int, lease_id: str) -> int:
    """Keep a lease for as long again; when it now expires. ConflictError when it is lost."""
    with changing(store, item_id) as (db, row, queue):
        until = store.clock() + queue.lease_ms
        held = held_lease(db, person, item_id)
        if held is None or held["lease_id"] != lease_id:
            raise ConflictError("this sample is no longer yours: load the next")
        if held["expires_ms"] <= store.clock() and not has_room(db, row, person, store.clock()):
            raise ConflictError("your time with this sample ran out: load the next")
        ours = update(leases).where(mine(leases)).values(expires_ms=until)
        db.execute(ours, whose(item_id, person.person_id))
    return until


def give_back(store: ReviewStore, person: Person, item_id: int) -> None:
    """Let go of a sample; a draft stays."""
    with store.write() as db:
        drop_lease(db, person, item_id)


def lease(db: Connection, person: Person, queue: Queue, item_id: int, now: int) -> Handout:
    """The item as this person may see it, under a lease: the one there is, or a new one."""
    item = db.execute(_ONE, whose(item_id, person.person_id)).mappings().one()
    return _handout(db, person, queue, item, now)


def _handout(db: Connection, person: Person, queue: Queue, item: RowMapping, now: int) -> Handout:
    item_id = item["item_id"]
    lease_id = take_lease(db, person, item_id, now=now, lease_ms=queue.lease_ms)
    shown = ShownSample.model_validate_json(item["shown_json"])
    told, other = shown.told, None
    if item["other_hash"] is not None:
        other = snapshot(db, item["sample_id"], item["other_hash"]).told
        if is_flipped(queue, item_id, person):
            told, other = other, told
    blind = blind_labels(db, person, item_id) if queue.mode == "label_first" else None
    hidden = queue.mode == "label_first" and blind is None
    return Handout(
        item_id=item_id,
        queue=queue.name,
        mode=queue.mode,
        practice=queue.kind == "practice",
        adjudication=queue.kind == "adjudication",
        labels=queue.labels,
        lease_id=lease_id,
        expires_ms=now + queue.lease_ms,
        version=item["times"],
        clip=shown.clip,
        told=None if hidden else told,
        other=other,
        blind_labels=blind,
        draft=None if item["draft_json"] is None else as_draft(item),
    )


def _begun(db: Connection, person: Person, queue: Queue, now: int) -> RowMapping | None:
    """A sample under a live lease of this person, else one with a draft that still has room."""
    parameters = _here(person, queue, now)
    ids = db.execute(_TOUCHED, parameters).scalars().all()
    if not ids:
        return None
    return db.execute(_BEGUN, parameters | {"ids": ids}).mappings().first()


def _free(db: Connection, person: Person, queue: Queue, now: int) -> RowMapping | None:
    return db.execute(_FREE, _here(person, queue, now)).mappings().first()


def _others_hold(db: Connection, person: Person, queue: Queue, now: int) -> bool:
    return db.execute(_LEFT, _here(person, queue, now)).first() is not None


def _here(person: Person, queue: Queue, now: int) -> dict[str, Any]:
    return {"of_person": person.person_id, "of_queue": queue.queue_id, "now": now}


def snapshot(db: Connection, sample_id: str, text_hash: str) -> ShownSample:
    text = db.execute(_SNAPSHOT, {"sample": sample_id, "hash": text_hash}).scalar_one()
    return ShownSample.model_validate_json(text)


def blind_labels(db: Connection, person: Person, item_id: int) -> tuple[str, ...] | None:
    """Given before the machine's text was shown; None: not yet. They are never changed."""
    text = db.execute(_BLIND, whose(item_id, person.person_id)).scalar()
    return None if text is None else labels_of(text)


def labels_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def is_flipped(queue: Queue, item_id: int, person: Person) -> bool:
    """Whether the first text stands on the right; by lot, the same at every look."""
    drawn = hashlib.sha256(f"{queue.seed}:{item_id}:{person.person_id}".encode()).digest()
    return drawn[0] % 2 == 1
