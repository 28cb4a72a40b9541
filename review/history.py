"""What people did, as rows: of one person, of one item, of all."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.engine import RowMapping

from review.errors import ForbiddenError
from review.marks import read_marks
from review.people import Person
from review.store import ReviewStore
from review.tables import events, items, people, queues, snapshots, standing
from schemas.review import Decision
from schemas.units import Row


class OwnWork(Row):
    decisions: int
    hours: float


def own_history(
    store: ReviewStore, person: Person, *, most: int = 50, before: int | None = None
) -> list[Decision]:
    """One's own events, the newest first; `before`: only those older than this event."""
    where = events.c.person_id == person.person_id
    if before is not None:
        where &= events.c.event_id < before
    with store.read() as db:
        query = _query().where(where).order_by(events.c.event_id.desc()).limit(most)
        return [_decision(row) for row in db.execute(query).mappings()]


def own_work(store: ReviewStore, person: Person) -> OwnWork:
    mine = (events.c.person_id == person.person_id) & standing.c.counts
    query = select(func.count(), func.coalesce(func.sum(events.c.seconds), 0.0))
    with store.read() as db:
        joined = query.select_from(events.join(standing, _stands())).where(mine)
        count, seconds = db.execute(joined).one()
    return OwnWork(decisions=count, hours=seconds / 3600)


def versions_of(store: ReviewStore, person: Person, item_id: int) -> list[Decision]:
    """All decisions that stand on the sample that an item of adjudication is about, for leads."""
    if not person.leads:
        raise ForbiddenError("what others decided is for leads")
    with store.read() as db:
        of = select(items.c.of_item_id).where(items.c.item_id == item_id).scalar_subquery()
        where = (events.c.item_id == of) & standing.c.counts
        query = _query().where(where).order_by(events.c.event_id)
        return [_decision(row) for row in db.execute(query).mappings()]


def all_events(store: ReviewStore) -> Iterator[Decision]:
    """Every event ever, in order."""
    with store.read() as db:
        yield from events_where(db, events.c.event_id.is_not(None))


def events_where(db: Connection, where: ColumnElement[bool]) -> Iterator[Decision]:
    query = _query().where(where).order_by(events.c.event_id)
    for row in db.execute(query).mappings():
        yield _decision(row)


def _query() -> Select[tuple[object, ...]]:
    shown = (items.c.sample_id == snapshots.c.sample_id) & (
        items.c.text_hash == snapshots.c.text_hash
    )
    joined = (
        events.join(items, events.c.item_id == items.c.item_id)
        .join(queues, items.c.queue_id == queues.c.queue_id)
        .join(people, events.c.person_id == people.c.person_id)
        .join(snapshots, shown)
        .outerjoin(standing, _stands())
    )
    return select(
        events,
        queues.c.name.label("queue"),
        queues.c.mode,
        items.c.sample_id,
        items.c.text_hash,
        items.c.other_hash,
        snapshots.c.clip_id,
        snapshots.c.tier,
        people.c.pseudonym.label("person"),
        standing.c.counts.label("stands"),
    ).select_from(joined)


def _stands() -> ColumnElement[bool]:
    return events.c.event_id == standing.c.event_id


def _decision(row: RowMapping) -> Decision:
    derived = ("at", "labels", "marks", "stands")
    told = {name: row[name] for name in Decision.model_fields if name not in derived}
    return Decision(
        **told,
        at=utc_text(row["at_ms"]),
        labels=tuple(json.loads(row["labels_json"])),
        marks=read_marks(row["marks_json"]),
        stands=row["stands"] is not None,
    )


def utc_text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
