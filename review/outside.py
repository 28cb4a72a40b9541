"""What is the same for other review programs: samples that go out, answers that come back."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from review.deciding import Ticket, decide
from review.errors import InvalidError, ReviewError
from review.handout import Handout, lease
from review.leases import has_room, item_row
from review.people import Person, ensure_person
from review.queues import Queue
from review.store import ReviewStore
from review.tables import events, items, snapshots, standing
from schemas.errors import SetupError
from schemas.review import Answer, ShownSample


@dataclass(frozen=True)
class OutsideAnswer:
    """One person's answer on one text, out of a file of another program."""

    sample_id: str
    text_hash: str
    person: str  # as the other program names them
    name: str  # of the answer there: the same answer counts once
    answer: Answer


def samples_out(store: ReviewStore, queue: Queue) -> Iterator[ShownSample]:
    """Open samples of a queue. InvalidError for a way of asking that others cannot keep to."""
    if queue.mode != "judge":
        raise InvalidError(
            f"queue {queue.name} asks {queue.mode}: what it hides or compares, other programs "
            "would show; only queues of mode judge go out"
        )
    both = (items.c.sample_id == snapshots.c.sample_id) & (
        items.c.text_hash == snapshots.c.text_hash
    )
    query = (
        select(snapshots.c.shown_json)
        .select_from(items.join(snapshots, both))
        .where((items.c.queue_id == queue.queue_id) & items.c.open)
        .order_by(items.c.priority.desc(), items.c.place)
    )
    with store.read() as db:
        for text in db.execute(query).scalars():
            yield ShownSample.model_validate_json(text)


def take_in(
    store: ReviewStore, queue: Queue, tool: str, answers: Iterable[OutsideAnswer]
) -> Counter[str]:
    """Store answers as decisions of people named after the tool. How many were stored, and why
    the others were not. No sample gets more reviews than it needs."""
    told = Counter[str]()
    for one in answers:
        person = ensure_person(store, f"{tool} {one.person}")
        told[_take(store, queue, person, _request(tool, queue, one), one)] += 1
    return told


def _take(
    store: ReviewStore, queue: Queue, person: Person, request_id: str, one: OutsideAnswer
) -> str:
    with store.write(queue.queue_id) as db:
        here = (items.c.queue_id == queue.queue_id) & (items.c.sample_id == one.sample_id)
        here &= items.c.text_hash == one.text_hash
        item_id = db.execute(select(items.c.item_id).where(here)).scalar()
        if item_id is None:
            return "of no sample of this queue"
        mine = (standing.c.item_id == item_id) & (standing.c.person_id == person.person_id)
        known = select(events.c.event_id).where(events.c.request_id == request_id)
        if db.execute(known).first() or db.execute(select(standing).where(mine)).first():
            return "stored already"
        if not has_room(db, item_row(db, item_id), person, store.clock()):
            return "of a sample that has all its reviews"
        handed = lease(db, person, queue, item_id, store.clock())
    ticket = Ticket(item_id, handed.lease_id, handed.version, request_id)
    try:
        decide(store, person, ticket, _without_copy(one.answer, handed))
    except ReviewError as e:
        return f"refused: {e}"
    return "stored"


def _without_copy(answer: Answer, handed: Handout) -> Answer:
    """Other programs send a text along that nobody touched; one that was changed and is not said
    to be an edit is refused."""
    copied = handed.told is not None and answer.edited_text == handed.told.text
    return answer.model_copy(update={"edited_text": None}) if copied else answer


def _request(tool: str, queue: Queue, one: OutsideAnswer) -> str:
    told = f"{queue.name}:{one.sample_id}:{one.text_hash}:{one.person}:{one.name}"
    return f"{tool}:{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def read_list(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON list. SetupError for anything else."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise SetupError(f"{path}: cannot be read: {e}") from e
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SetupError(f"{path}: is no list of objects; export as JSON")
    return found


def answer_of(said: dict[str, Any]) -> Answer:
    """An answer out of what somebody filled in. SetupError for what no page of ours would send."""
    try:
        return Answer(
            labels=tuple(said.get("labels") or ()),
            intensity=said.get("intensity"),
            verdict=said.get("verdict"),
            reason=said.get("reason"),
            note=said.get("note") or None,
            edited_text=said.get("edited_text") or None,
            seconds=said.get("seconds"),
        )
    except (ValidationError, TypeError) as e:
        raise SetupError(f"an answer cannot be understood: {str(e).splitlines()[0]}") from e
