"""How far a queue is, and how each person gets on: for leads."""

import json
from statistics import median

from sqlalchemy import func, select

from review.deciding import is_right
from review.queues import Queue
from review.store import ReviewStore
from review.tables import events, items, leases, people, standing
from schemas.units import Row


class PersonProgress(Row):
    name: str
    pseudonym: str
    decisions: int
    skipped: int
    median_s: float | None  # seconds a decision, where the page told them
    hours: float
    gold_right: int
    gold_asked: int


class Progress(Row):
    queue: str
    items: int
    done: int  # items with all their reviews; those asked of everybody never are
    begun: int  # items with some
    decisions: int
    needed: int  # decisions that the queue wants in all, but for items asked of everybody
    flagged: int
    leased: int  # somebody is at them now
    people: tuple[PersonProgress, ...]


def progress(store: ReviewStore, queue: Queue) -> Progress:
    here = items.c.queue_id == queue.queue_id
    now = store.clock()
    with store.read() as db:
        counts = db.execute(
            select(
                func.count(),
                func.count().filter(items.c.done == items.c.needed),
                func.count().filter((items.c.done > 0) & items.c.open),
                func.coalesce(func.sum(items.c.done), 0),
                func.coalesce(func.sum(items.c.needed), 0),
                func.count().filter(items.c.flagged),
            ).where(here)
        ).one()
        at_them = select(func.count()).select_from(items.join(leases))
        leased = db.execute(at_them.where(here & (leases.c.expires_ms > now))).scalar_one()
    return Progress(
        queue=queue.name,
        items=counts[0],
        done=counts[1],
        begun=counts[2],
        decisions=counts[3],
        needed=counts[4],
        flagged=counts[5],
        leased=leased,
        people=tuple(_people(store, queue)),
    )


def _people(store: ReviewStore, queue: Queue) -> list[PersonProgress]:
    query = (
        select(people.c.name, people.c.pseudonym, standing.c.counts, events, items.c.gold_json)
        .select_from(
            events.join(standing, events.c.event_id == standing.c.event_id)
            .join(items, events.c.item_id == items.c.item_id)
            .join(people, events.c.person_id == people.c.person_id)
        )
        .where(items.c.queue_id == queue.queue_id)
        .order_by(people.c.name)
    )
    with store.read() as db:
        rows = [dict(row) for row in db.execute(query).mappings()]
    names = dict.fromkeys((row["name"], row["pseudonym"]) for row in rows)
    return [_one(*who, [row for row in rows if row["pseudonym"] == who[1]]) for who in names]


def _one(name: str, pseudonym: str, rows: list[dict[str, object]]) -> PersonProgress:
    decided = [row for row in rows if row["counts"]]
    seconds = [float(str(row["seconds"])) for row in decided if row["seconds"] is not None]
    gold = [row for row in decided if row["gold_json"] is not None]
    right = [
        is_right(json.loads(str(row["labels_json"])), json.loads(str(row["gold_json"])))
        for row in gold
    ]
    return PersonProgress(
        name=name,
        pseudonym=pseudonym,
        decisions=len(decided),
        skipped=len(rows) - len(decided),
        median_s=median(seconds) if seconds else None,
        hours=sum(seconds) / 3600,
        gold_right=sum(right),
        gold_asked=len(gold),
    )
