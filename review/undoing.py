"""Taking back: a decision or skip of one's own, however old; the events stay as they were."""

import json

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.engine import RowMapping

from review.deciding import SWAPPED, columns_of, insert_event, known
from review.errors import ConflictError, MissingError
from review.handout import Handout, lease
from review.leases import changing, has_room, item_row
from review.marks import read_marks
from review.people import Person
from review.store import ReviewStore, insert_into
from review.tables import drafts, events, items, standing
from schemas.review import Answer


def undo(store: ReviewStore, person: Person, event_id: int, request_id: str) -> Handout:
    """Take back one's own decision or skip, however old. The sample comes back under a lease, with
    what was answered as its draft. MissingError for what is not one's own or does not stand."""
    with store.read() as db:
        event = _own_event(db, person, event_id)
    with changing(store, event["item_id"]) as (db, item, queue):
        _take_back(db, person, event, request_id, store.clock())
        return lease(db, person, queue, item["item_id"], store.clock())


def _take_back(
    db: Connection, person: Person, event: RowMapping, request_id: str, now: int
) -> None:
    if known(db, person, request_id, event["item_id"]) is not None:
        return
    ours = standing.c.event_id == event["event_id"]
    counted = db.execute(delete(standing).where(ours).returning(standing.c.counts)).scalar()
    if counted is None:
        raise ConflictError("this was taken back already")
    if not counted and not has_room(db, item_row(db, event["item_id"]), person, now):
        raise ConflictError("others have reviewed this sample since: it cannot come back")
    insert_event(
        db,
        item_id=event["item_id"],
        person_id=person.person_id,
        request_id=request_id,
        kind="undo",
        at_ms=now,
        undoes=event["event_id"],
        **columns_of(Answer()),
    )
    if counted:
        here = items.c.item_id == event["item_id"]
        db.execute(update(items).where(here).values(done=items.c.done - 1, open=True))
    if event["kind"] == "decide":
        _draft_again(db, person, event, now)


def _draft_again(db: Connection, person: Person, event: RowMapping, now: int) -> None:
    shown = event["preference"]
    answer = Answer(
        labels=tuple(json.loads(event["labels_json"])),
        intensity=event["intensity"],
        verdict=event["verdict"],
        reason=event["reason"],
        note=event["note"],
        edited_text=event["edited_text"],
        preference=SWAPPED[shown] if shown and event["flipped"] else shown,
        seconds=event["seconds"],
        marks=read_marks(event["marks_json"]),
        saw_marks=event["saw_marks"],
        saw_label=event["saw_label"],
    )
    row = {"draft_json": answer.model_dump_json(), "version": 1, "saved_ms": now}
    keys = {"item_id": event["item_id"], "person_id": person.person_id}
    statement = insert_into(db, drafts).values(**keys, **row)
    db.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=row))


def _own_event(db: Connection, person: Person, event_id: int) -> RowMapping:
    mine = (events.c.event_id == event_id) & (events.c.person_id == person.person_id)
    mine &= events.c.kind.in_(("decide", "skip"))
    found = db.execute(select(events).where(mine)).mappings().first()
    if found is None:
        raise MissingError("there is no such decision of yours")
    return found
