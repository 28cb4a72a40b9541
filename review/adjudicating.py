"""Disagreements come to a queue of their own, where a lead has the last word."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from review.handout import snapshot
from review.marks import read_marks
from review.queues import Entry, Queue, QueueSettings, fill, open_queue
from review.store import ReviewStore
from review.tables import events, items, standing
from schemas.review import ShownSample


def adjudicate(store: ReviewStore, queue: Queue) -> tuple[Queue, int]:
    """The queue of the disagreements of a queue, and how many came new. May be called again."""
    settings = QueueSettings(
        name=f"{queue.name}, settled",
        kind="adjudication",
        mode="ab" if queue.mode == "ab" else "judge",
        labels=queue.labels,
        source=f"disagreements of {queue.name}",
        seed=queue.seed,
    )
    own = open_queue(store, settings, of=queue)
    return own, fill(store, own, list(_disputed(store, queue)))


def _disputed(store: ReviewStore, queue: Queue) -> Iterator[Entry]:
    """Items that have all their reviews, which are not the same."""
    query = (
        select(items.c.item_id, items.c.sample_id, items.c.text_hash, items.c.other_hash, events)
        .select_from(
            items.join(standing, standing.c.item_id == items.c.item_id).join(
                events, events.c.event_id == standing.c.event_id
            )
        )
        .where((items.c.queue_id == queue.queue_id) & standing.c.counts)
        .where(items.c.done == items.c.needed)
        .order_by(items.c.item_id, events.c.event_id)
    )
    with store.read() as db:
        by_item: dict[int, list[RowMapping]] = defaultdict(list)
        for row in db.execute(query).mappings():
            by_item[row["item_id"]].append(row)
        for item_id, rows in by_item.items():
            if _disagree(rows):
                sample = snapshot(db, rows[0]["sample_id"], rows[0]["text_hash"])
                yield Entry(sample, other=_other(db, rows[0]), of_item_id=item_id)


def _other(db: Connection, row: RowMapping) -> ShownSample | None:
    other = row["other_hash"]
    return None if other is None else snapshot(db, row["sample_id"], other)


def _disagree(rows: Sequence[RowMapping]) -> bool:
    """Leading label, verdict, text or preference is not the same in all, or a claim is marked in
    two ways."""
    said = {
        (*json.loads(row["labels_json"])[:1], row["verdict"], row["edited_hash"], row["preference"])
        for row in rows
    }
    marks = {(mark.claim, mark.verdict) for row in rows for mark in read_marks(row["marks_json"])}
    return len(said) > 1 or len({claim for claim, _ in marks}) < len(marks)
