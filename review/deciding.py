"""Deciding: every answer is stored exactly once, or refused in words that say what to do."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.engine import RowMapping

from review.answers import check_answer, check_labels
from review.drafts import drop_draft
from review.errors import ConflictError, InvalidError, LeaseLostError, MissingError
from review.handout import SHOWN, TIMES, Handout, blind_labels, is_flipped, lease
from review.leases import ITEM, changing, drop_lease, has_room
from review.marks import beside_machine, marks_json
from review.people import Person
from review.queues import Queue
from review.store import ReviewStore
from review.tables import drafts, events, items, leases, mine, standing, whose
from schemas.review import Answer, EventKind, Preference, ShownSample
from schemas.sample import text_hash_of
from schemas.units import Row

MOST_REQUEST_ID: Final = 64
_REQUEST: Final = select(events).where(events.c.request_id == bindparam("request"))
_TIMES: Final = select(func.count()).select_from(events).where(mine(events))
_STATE: Final = (  # all that decides whether an answer is taken, in one statement
    ITEM.add_columns(
        TIMES.label("times"),
        SHOWN.label("shown_json"),
        leases.c.lease_id,
        leases.c.expires_ms,
        drafts.c.saved_ms.label("draft_ms"),
        select(events.c.event_id)
        .where(events.c.request_id == bindparam("request"))
        .scalar_subquery()
        .label("known_id"),
    )
    .outerjoin(leases, mine(leases))
    .outerjoin(drafts, mine(drafts))
)
_EVENT: Final = insert(events).returning(events.c.event_id)
_STANDS: Final = insert(standing)
_COUNT: Final = (
    update(items)
    .where(items.c.item_id == bindparam("of_item"))
    .values(done=bindparam("now_done"), open=bindparam("now_open"))
)
SWAPPED: Final[dict[Preference, Preference]] = {"a1": "a2", "a2": "a1", "same": "same"}


@dataclass(frozen=True)
class Ticket:
    """What a page sends with every change: the sample as it was handed out, and a name of its own
    for the request, so that sending it twice counts once."""

    item_id: int
    lease_id: str
    version: int
    request_id: str


class Feedback(Row):
    """In practice, after the decision: what is right, and why."""

    right: bool
    labels: tuple[str, ...]
    note: str | None


class Decided(Row):
    event_id: int
    version: int
    feedback: Feedback | None = None


def decide(store: ReviewStore, person: Person, ticket: Ticket, answer: Answer) -> Decided:
    """Store a decision. Refused with InvalidError (the answer does not fit), ConflictError
    (decided in another tab, or the text is no longer asked about), LeaseLostError (too late: the
    sample has all its reviews), MissingError (never handed out to this person)."""
    with _change(store, person, ticket) as change:
        if change.known is not None:
            return change.known
        change.check_open()
        answer = _fitting(change, answer)
        event_id = change.add("decide", answer)
        change.stand(event_id, counts=True)
        return Decided(
            event_id=event_id, version=ticket.version + 1, feedback=_feedback(change, answer)
        )


def label_blind(
    store: ReviewStore,
    person: Person,
    ticket: Ticket,
    labels: tuple[str, ...],
    intensity: int | None,
) -> Handout:
    """label_first: keep the label given before the machine's text is shown, and show the text. It
    is never changed after; the decision that follows may name another."""
    with _change(store, person, ticket) as change:
        if change.known is None:
            change.check_open()
            if change.queue.mode != "label_first":
                raise InvalidError("the text of this queue is shown from the start")
            if blind_labels(change.db, person, ticket.item_id) is not None:
                raise ConflictError("the label was given in another tab: load it again")
            if not labels:
                raise InvalidError("choose a label")
            check_labels(labels, change.queue.labels)
            answer = Answer(labels=labels, intensity=intensity, saw_marks=False, saw_label=False)
            change.add("label", answer)
        return lease(change.db, person, change.queue, ticket.item_id, store.clock())


def skip(store: ReviewStore, person: Person, ticket: Ticket, note: str | None = None) -> Decided:
    """Not for me: the sample goes to others, and does not come back unless it is undone."""
    with _change(store, person, ticket) as change:
        if change.known is not None:
            return change.known
        change.check_open()
        event_id = change.add("skip", Answer(note=note))
        change.stand(event_id, counts=False)
        return Decided(event_id=event_id, version=ticket.version + 1)


def flag(store: ReviewStore, person: Person, ticket: Ticket, note: str) -> Decided:
    """Show the sample to the lead. It stays with this person, to be decided or skipped."""
    with _change(store, person, ticket) as change:
        if change.known is not None:
            return change.known
        change.check_open()
        event_id = change.add("flag", Answer(note=note))
        ours = items.c.item_id == ticket.item_id
        change.db.execute(update(items).where(ours).values(flagged=True))
        return Decided(event_id=event_id, version=ticket.version + 1)


@dataclass(frozen=True)
class _Change:
    """One change of one person on one item, inside its transaction."""

    db: Connection
    now: int
    person: Person
    ticket: Ticket
    item: RowMapping  # _STATE
    queue: Queue
    known: Decided | None  # the request was here before: what came of it

    def check_open(self) -> None:
        held = self.item
        if held["times"] != self.ticket.version:
            raise ConflictError("you went on with this sample in another tab: load it again")
        if held["lease_id"] is None:
            raise MissingError("there is no such sample")
        if held["lease_id"] != self.ticket.lease_id:
            raise ConflictError("this sample was loaded again in another tab: go on there")
        if not held["open"]:
            raise LeaseLostError("this sample is no longer asked about: load the next")
        expired = held["expires_ms"] <= self.now
        if expired and not has_room(self.db, held, self.person, self.now):
            raise LeaseLostError(
                "your time with this sample ran out and others have reviewed it: load the next"
            )

    def add(self, kind: EventKind, answer: Answer) -> int:
        flipped = None
        if self.item["other_hash"] is not None and kind == "decide":
            flipped = is_flipped(self.queue, self.item["item_id"], self.person)
        columns = columns_of(answer) | {"flipped": flipped}
        if flipped and answer.preference is not None:
            columns["preference"] = SWAPPED[answer.preference]
        return insert_event(
            self.db,
            item_id=self.item["item_id"],
            person_id=self.person.person_id,
            request_id=self.ticket.request_id,
            kind=kind,
            at_ms=self.now,
            **columns,
        )

    def stand(self, event_id: int, *, counts: bool) -> None:
        """The event holds now; lease and draft are done with."""
        item_id = self.item["item_id"]
        row = {"item_id": item_id, "person_id": self.person.person_id}
        self.db.execute(_STANDS, {"event_id": event_id, "counts": counts, **row})
        if counts:
            done = self.item["done"] + 1
            left = done != self.item["needed"]
            self.db.execute(_COUNT, {"of_item": item_id, "now_done": done, "now_open": left})
        drop_lease(self.db, self.person, item_id)
        if self.item["draft_ms"] is not None:
            drop_draft(self.db, self.person, item_id)


@contextmanager
def _change(store: ReviewStore, person: Person, ticket: Ticket) -> Iterator[_Change]:
    if not 0 < len(ticket.request_id) <= MOST_REQUEST_ID:
        raise InvalidError(f"a request has a name of 1 to {MOST_REQUEST_ID} characters")
    asked = {"of_person": person.person_id, "request": ticket.request_id}
    with changing(store, ticket.item_id, _STATE, asked) as (db, item, queue):
        again = item["known_id"] is not None
        yield _Change(
            db=db,
            now=store.clock(),
            person=person,
            ticket=ticket,
            item=item,
            queue=queue,
            known=known(db, person, ticket.request_id, ticket.item_id) if again else None,
        )


def known(db: Connection, person: Person, request_id: str, item_id: int) -> Decided | None:
    """What came of a request that was here before. ConflictError when its name is of another."""
    found = db.execute(_REQUEST, {"request": request_id}).mappings().first()
    if found is None:
        return None
    if (found["person_id"], found["item_id"]) != (person.person_id, item_id):
        raise ConflictError("this request has the name of another: send it under a new one")
    times = db.execute(_TIMES, whose(item_id, person.person_id)).scalar_one()
    return Decided(event_id=found["event_id"], version=times)


def _fitting(change: _Change, answer: Answer) -> Answer:
    """The answer, checked, and honest on what was seen: where the server showed the machine's
    label (beside the text, in its conclusion, in others' versions), it was seen."""
    mode, item = change.queue.mode, change.item
    told = ShownSample.model_validate_json(item["shown_json"]).told
    check_answer(answer, mode=mode, vocabulary=change.queue.labels, text=told.text)
    if mode == "label_first" and blind_labels(change.db, change.person, item["item_id"]) is None:
        raise InvalidError("give the label first")
    shown = mode == "label_first" or told.conclusion is not None
    shown = shown or change.queue.kind == "adjudication"
    marks = beside_machine(answer.marks, told)
    return answer.model_copy(update={"saw_label": answer.saw_label or shown, "marks": marks})


def _feedback(change: _Change, answer: Answer) -> Feedback | None:
    if change.queue.kind != "practice" or change.item["gold_json"] is None:
        return None
    gold = tuple(json.loads(change.item["gold_json"]))
    return Feedback(right=is_right(answer.labels, gold), labels=gold, note=change.item["gold_note"])


def is_right(labels: Sequence[str], gold: Sequence[str]) -> bool:
    """The leading label is one of those that are right."""
    return bool(labels) and labels[0] in gold


def columns_of(answer: Answer) -> dict[str, Any]:
    edited = answer.edited_text
    return {
        **answer.model_dump(exclude={"labels", "marks"}),
        "marks_json": marks_json(answer.marks),
        "labels_json": json.dumps(answer.labels, ensure_ascii=False),
        "edited_hash": None if edited is None else text_hash_of(edited),
    }


def insert_event(db: Connection, **row: Any) -> int:
    event_id: int = db.execute(_EVENT, row).scalar_one()
    return event_id
