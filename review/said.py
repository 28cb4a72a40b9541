"""What people said and did not take back, as plain rows for `merr publish`."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from review.history import events_where
from review.store import ReviewStore
from review.tables import events, items, queues
from schemas.review import Decision, PersonSaid


def said_in(store: ReviewStore) -> list[PersonSaid]:
    """Of queues of work and of adjudication, in the order it was said. Practice, samples whose
    answer was known beforehand, comparisons and skips say nothing of a release."""
    with store.read() as db:
        return list(_said(db))


def _said(db: Connection) -> Iterator[PersonSaid]:
    query = select(
        items.c.item_id,
        items.c.gold_json,
        items.c.done,
        items.c.needed,
        queues.c.kind,
        queues.c.mode,
    ).join(queues, items.c.queue_id == queues.c.queue_id)
    about = {row["item_id"]: row for row in db.execute(query).mappings()}
    blind: dict[tuple[int, str], tuple[str, ...]] = {}
    for event in events_where(db, events.c.kind.in_(("decide", "label"))):
        item = about[event.item_id]
        if event.kind == "label":
            blind[event.item_id, event.person] = event.labels
        elif event.stands and _speaks(item["kind"], item["mode"], item["gold_json"]):
            settled = item["kind"] == "adjudication"
            yield _one(
                event,
                blind.get((event.item_id, event.person), ()),
                adjudicated=settled,
                counted=settled or item["done"] == item["needed"],
            )


def _speaks(kind: str, mode: str, gold: str | None) -> bool:
    return kind != "practice" and mode != "ab" and gold is None


def _one(
    event: Decision, blind: tuple[str, ...], *, adjudicated: bool, counted: bool
) -> PersonSaid:
    return PersonSaid(
        sample_id=event.sample_id,
        clip_id=event.clip_id,
        tier=event.tier,
        text_hash=event.text_hash,
        person=event.person,
        labels=event.labels,
        blind_labels=blind,
        intensity=event.intensity,
        verdict=event.verdict,
        reason=event.reason,
        edited_text=event.edited_text,
        adjudicated=adjudicated,
        counted=counted,
    )
