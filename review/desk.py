"""What a person finds on coming to work: the queues that are for them."""

from typing import Literal

from sqlalchemy import Connection, Select, func, select

from review.people import Person
from review.queues import QueueKind, queues_for
from review.store import ReviewStore
from review.tables import events, items, snapshots, standing
from schemas.review import ReviewMode
from schemas.units import Row


class MyQueue(Row):
    queue_id: int
    name: str
    kind: QueueKind
    mode: ReviewMode
    reviews: int
    state: Literal["open", "paused"]
    practice_id: int | None
    samples: int
    open: int  # samples that still want reviews, of anybody
    mine: int  # decisions of this person that stand


def my_queues(store: ReviewStore, person: Person) -> list[MyQueue]:
    with store.read() as db:
        counts = _counts(db, select(items.c.queue_id, func.count()).group_by(items.c.queue_id))
        still = select(items.c.queue_id, func.count()).where(items.c.open)
        left = _counts(db, still.group_by(items.c.queue_id))
        mine = (
            select(items.c.queue_id, func.count())
            .select_from(standing.join(items, items.c.item_id == standing.c.item_id))
            .join(events, events.c.event_id == standing.c.event_id)
            .where((standing.c.person_id == person.person_id) & standing.c.counts)
        )
        done = _counts(db, mine.group_by(items.c.queue_id))
        found = queues_for(db, person)
    names = ("queue_id", "name", "kind", "mode", "reviews", "state", "practice_id")
    return [
        MyQueue(
            **{name: getattr(queue, name) for name in names},
            samples=counts.get(queue.queue_id, 0),
            open=left.get(queue.queue_id, 0),
            mine=done.get(queue.queue_id, 0),
        )
        for queue in found
    ]


def _counts(db: Connection, query: Select[int, int]) -> dict[int, int]:
    return {queue_id: count for queue_id, count in db.execute(query)}


def queued_clips(store: ReviewStore) -> set[str]:
    """clip_ids of all that was ever put into a queue."""
    with store.read() as db:
        return set(db.execute(select(snapshots.c.clip_id).distinct()).scalars())
