"""Queues: what is asked, of whom, how often; filled once or again, paused, handed over."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from review.choosing import lot, priority_of
from review.errors import ConflictError, ForbiddenError, InvalidError, MissingError
from review.people import Person
from review.store import ReviewStore, insert_into
from review.tables import drafts, items, leases, members, queues, snapshots, standing
from schemas.review import ReviewMode, ShownSample
from schemas.units import Row

QueueKind = Literal["work", "practice", "adjudication"]
LEASE_MS: Final = 15 * 60_000
MOST_NAME: Final = 80
_PLACES: Final = 2**62
_AT_ONCE: Final = 1_000  # samples put in together
_QUEUE: Final = select(queues).where(queues.c.queue_id == bindparam("of_queue"))
_MEMBER: Final = exists().where(members.c.queue_id == queues.c.queue_id)
_IS_FOR: Final = or_(~_MEMBER, _MEMBER.where(members.c.person_id == bindparam("of_person")))
_OFFERED: Final = select(queues, _IS_FOR.label("is_for")).order_by(queues.c.queue_id)
_ONE_OFFERED: Final = _OFFERED.where(queues.c.queue_id == bindparam("of_queue"))


class QueueSettings(Row):
    name: str = Field(min_length=1, max_length=MOST_NAME)
    kind: QueueKind = "work"
    mode: ReviewMode = "judge"
    reviews: int = Field(default=1, ge=1, le=10)
    lease_ms: int = Field(default=LEASE_MS, ge=1_000)
    seed: int = 0
    labels: tuple[str, ...]  # the vocabulary
    source: str  # what it is filled from, for people
    practice: str | None = None  # a queue to be done first


class Queue(Row):
    queue_id: int
    name: str
    kind: QueueKind
    mode: ReviewMode
    reviews: int
    state: Literal["open", "paused"]
    lease_ms: int
    seed: int
    labels: tuple[str, ...]
    source: str
    practice_id: int | None
    of_queue_id: int | None


@dataclass(frozen=True)
class Gold:
    """What is right, known beforehand; told as feedback in practice, counted in work."""

    labels: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True)
class Entry:
    """One sample for a queue; A/B compares it with `other`."""

    sample: ShownSample
    other: ShownSample | None = None
    gold: Gold | None = None
    of_item_id: int | None = None


def open_queue(store: ReviewStore, settings: QueueSettings, *, of: Queue | None = None) -> Queue:
    """The queue of this name, made where there is none. ConflictError when one is there that
    asks otherwise."""
    with store.write() as db:
        found = _by_name(db, settings.name)
        if found is None:
            db.execute(insert(queues).values(_new_row(db, settings, of, store.clock())))
            found = _by_name(db, settings.name)
    if found is None:
        raise MissingError(f"queue {settings.name} could not be made")
    queue = queue_of(found)
    told = (queue.kind, queue.mode, queue.reviews)
    wanted = (settings.kind, settings.mode, settings.reviews)
    if told != wanted:
        raise ConflictError(
            f"queue {queue.name} is there: {', '.join(map(str, told))} reviews; this would be "
            f"{', '.join(map(str, wanted))}; give another name"
        )
    return queue


def _new_row(
    db: Connection, settings: QueueSettings, of: Queue | None, now: int
) -> dict[str, object]:
    practice = None if settings.practice is None else _by_name(db, settings.practice)
    if settings.practice is not None and (practice is None or practice["kind"] != "practice"):
        raise MissingError(f"there is no practice queue {settings.practice}")
    return {
        **settings.model_dump(exclude={"labels", "practice"}),
        "state": "open",
        "labels_json": json.dumps(settings.labels, ensure_ascii=False),
        "practice_id": practice and practice["queue_id"],
        "of_queue_id": of and of.queue_id,
        "made_ms": now,
    }


def fill(store: ReviewStore, queue: Queue, entries: Iterable[Entry]) -> int:
    """Add samples; those that are in it already in this version stay as they are. How many came
    new. A text that changed since comes as a new item in place of the old one, whose decisions
    stay."""
    new = 0
    for group in _groups(entries):  # each its own transaction: people wait at most for one
        with store.write(queue.queue_id) as db:
            _keep_snapshots(db, group, store.clock())
            _close_older(db, queue, group)
            before = _size(db, queue)
            rows = [_item(queue, entry) for entry in group]
            db.execute(insert_into(db, items).on_conflict_do_nothing(), rows)
            new += _size(db, queue) - before
    return new


def _size(db: Connection, queue: Queue) -> int:
    here = items.c.queue_id == queue.queue_id
    return db.execute(select(func.count()).select_from(items).where(here)).scalar_one()


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    for entry in entries:
        group.append(entry)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _close_older(db: Connection, queue: Queue, entries: Sequence[Entry]) -> None:
    """Nobody judges a text that is no longer there."""
    now = {entry.sample.told.sample_id: entry.sample.told.text_hash for entry in entries}
    query = select(items.c.item_id, items.c.sample_id, items.c.text_hash).where(
        (items.c.queue_id == queue.queue_id) & items.c.open & items.c.sample_id.in_(now)
    )
    old = [i for i, sample_id, text_hash in db.execute(query) if now[sample_id] != text_hash]
    if old:
        db.execute(update(items).where(items.c.item_id.in_(old)).values(open=False))


def _keep_snapshots(db: Connection, entries: Sequence[Entry], now: int) -> None:
    shown = [e.sample for e in entries] + [e.other for e in entries if e.other is not None]
    rows = [
        {
            "sample_id": sample.told.sample_id,
            "text_hash": sample.told.text_hash,
            "clip_id": sample.clip.clip_id,
            "tier": sample.told.tier,
            "label": sample.told.label,
            "shown_json": sample.model_dump_json(),
            "made_ms": now,
        }
        for sample in shown
    ]
    db.execute(insert_into(db, snapshots).on_conflict_do_nothing(), rows)


def _item(queue: Queue, entry: Entry) -> dict[str, object]:
    told = entry.sample.told
    other = None if entry.other is None else entry.other.told.text_hash
    asked_of_all = entry.gold is not None
    return {
        "queue_id": queue.queue_id,
        "sample_id": told.sample_id,
        "text_hash": told.text_hash,
        "other_hash": other,
        "key": f"{told.sample_id} {told.text_hash} {other or '-'}",
        "priority": priority_of(entry.sample),
        "place": int(lot(queue.seed, told.sample_id)[:16], 16) % _PLACES,
        "needed": None if asked_of_all else queue.reviews,
        "done": 0,
        "open": True,
        "flagged": False,
        "gold_json": json.dumps(entry.gold.labels) if entry.gold else None,
        "gold_note": entry.gold.note if entry.gold else None,
        "of_item_id": entry.of_item_id,
    }


def all_queues(store: ReviewStore) -> list[Queue]:
    with store.read() as db:
        return [queue_of(row) for row in db.execute(select(queues)).mappings()]


def queues_for(db: Connection, person: Person) -> list[Queue]:
    """Those this person may work in. Leads may everywhere; adjudication is theirs alone."""
    rows = db.execute(_OFFERED, {"of_person": person.person_id}).mappings()
    return [
        queue_of(row)
        for row in rows
        if person.leads or (row["is_for"] and row["kind"] != "adjudication")
    ]


def queue_for(db: Connection, queue_id: int, person: Person) -> Queue:
    """One of `queues_for`. MissingError for a queue that is not; ForbiddenError for adjudication,
    to who does not lead."""
    asked = {"of_queue": queue_id, "of_person": person.person_id}
    found = db.execute(_ONE_OFFERED, asked).mappings().first()
    if found is None or not (person.leads or found["is_for"]):
        raise MissingError("there is no such queue")
    if found["kind"] == "adjudication" and not person.leads:
        raise ForbiddenError("disagreements are settled by leads")
    return queue_of(found)


def queue_named(store: ReviewStore, name: str) -> Queue:
    with store.read() as db:
        found = _by_name(db, name)
    if found is None:
        raise MissingError(f"there is no queue {name}")
    return queue_of(found)


def pause(store: ReviewStore, queue: Queue, *, paused: bool) -> None:
    """A paused queue hands nothing out; what is being worked at may still be decided."""
    state = "paused" if paused else "open"
    with store.write(queue.queue_id) as db:
        db.execute(update(queues).where(queues.c.queue_id == queue.queue_id).values(state=state))


def set_members(store: ReviewStore, queue: Queue, persons: Sequence[Person]) -> None:
    """Whom the queue is for; nobody: for everybody."""
    with store.write(queue.queue_id) as db:
        db.execute(delete(members).where(members.c.queue_id == queue.queue_id))
        for person in persons:
            row = {"queue_id": queue.queue_id, "person_id": person.person_id}
            db.execute(insert(members).values(row))


def hand_over(store: ReviewStore, queue: Queue, *, of: Person, to: Person) -> int:
    """Give what one person has begun in a queue to another: leases end, drafts move where the
    other has neither draft nor decision. How many drafts moved."""
    if of.person_id == to.person_id:
        raise InvalidError("hand over to somebody else")
    with store.write(queue.queue_id) as db:
        here = select(items.c.item_id).where(items.c.queue_id == queue.queue_id)
        ours = (leases.c.person_id == of.person_id) & leases.c.item_id.in_(here)
        db.execute(delete(leases).where(ours))
        taken = [
            select(table.c.item_id).where(table.c.person_id == to.person_id)
            for table in (drafts, standing)
        ]
        movable = (drafts.c.person_id == of.person_id) & drafts.c.item_id.in_(here)
        for query in taken:
            movable &= drafts.c.item_id.not_in(query)
        moved = update(drafts).where(movable).values(person_id=to.person_id)
        count = len(db.execute(moved.returning(drafts.c.item_id)).all())
        place = (members.c.queue_id == queue.queue_id) & (members.c.person_id == of.person_id)
        if db.execute(delete(members).where(place)).rowcount:
            row = {"queue_id": queue.queue_id, "person_id": to.person_id}
            db.execute(insert_into(db, members).values(row).on_conflict_do_nothing())
    return count


def queue_of(row: RowMapping, prefix: str = "") -> Queue:
    told = {name: row[prefix + name] for name in Queue.model_fields if name != "labels"}
    return Queue.model_validate({**told, "labels": json.loads(row[f"{prefix}labels_json"])})


def _by_name(db: Connection, name: str) -> RowMapping | None:
    return db.execute(select(queues).where(queues.c.name == name)).mappings().first()


def queue_by_id(db: Connection, queue_id: int) -> Queue:
    found = db.execute(_QUEUE, {"of_queue": queue_id}).mappings().first()
    if found is None:
        raise MissingError("there is no such queue")
    return queue_of(found)
