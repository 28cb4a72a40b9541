"""For leads: queues and how far they are, people, invitations, what others decided."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from review.adjudicating import adjudicate
from review.agreement import Agreement, agreement
from review.history import versions_of
from review.house import Lead, TheHouse
from review.people import MOST_NAME, everybody, invite, person_named
from review.progress import Progress, progress
from review.queues import Queue, all_queues, hand_over, pause, queue_by_id
from review.route_work import Id
from review.store import ReviewStore
from schemas.review import Decision, Role
from schemas.units import Row

router = APIRouter(prefix="/api", tags=["lead"])
_Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME)]


class LeadQueue(Row):
    queue: Queue
    progress: Progress


class Worker(Row):
    name: str
    pseudonym: str
    role: Role


class SentState(Row):
    paused: bool


class SentHandOver(Row):
    of: _Name  # name or pseudonym
    to: _Name


class Moved(Row):
    moved: int


class Collected(Row):
    queue: Queue
    new: int


class SentInvitation(Row):
    name: _Name
    role: Literal["annotator", "lead"] = "annotator"


class Invitation(Row):
    """`token` belongs into the part of an address that is not sent: /invite#token."""

    name: str
    token: str


@router.get("/lead/queues")
def lead_queues(_: Lead, house: TheHouse) -> list[LeadQueue]:
    store = house.store
    return [LeadQueue(queue=q, progress=progress(store, q)) for q in all_queues(store)]


@router.get("/lead/people")
def lead_people(_: Lead, house: TheHouse) -> list[Worker]:
    return [
        Worker(name=person.name, pseudonym=person.pseudonym, role=person.role)
        for person in everybody(house.store)
    ]


@router.post("/lead/queues/{queue_id}/state")
def set_state(queue_id: Id, sent: SentState, _: Lead, house: TheHouse) -> Queue:
    """A paused queue hands nothing out; what is being worked at may still be decided."""
    pause(house.store, _queue(house.store, queue_id), paused=sent.paused)
    return _queue(house.store, queue_id)


@router.post("/lead/queues/{queue_id}/hand-over")
def hand_queue_over(queue_id: Id, sent: SentHandOver, _: Lead, house: TheHouse) -> Moved:
    store = house.store
    of, to = person_named(store, sent.of), person_named(store, sent.to)
    return Moved(moved=hand_over(store, _queue(store, queue_id), of=of, to=to))


@router.post("/lead/queues/{queue_id}/adjudicate")
def collect_disagreements(queue_id: Id, _: Lead, house: TheHouse) -> Collected:
    """Into a queue of their own, where leads settle them. May be asked again."""
    queue, new = adjudicate(house.store, _queue(house.store, queue_id))
    return Collected(queue=queue, new=new)


@router.get("/lead/agreement")
def lead_agreement(
    _: Lead,
    house: TheHouse,
    queue_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Agreement:
    """Of one queue, or of all queues of work together."""
    name = None if queue_id is None else _queue(house.store, queue_id).name
    return agreement(house.store, queue=name)


@router.post("/lead/invite")
def invite_person(sent: SentInvitation, _: Lead, house: TheHouse) -> Invitation:
    token = invite(house.store, sent.name, sent.role)
    return Invitation(name=sent.name.strip(), token=token)


@router.get("/items/{item_id}/versions")
def versions(item_id: Id, lead: Lead, house: TheHouse) -> list[Decision]:
    """What others decided on the sample that an item of adjudication is about."""
    return versions_of(house.store, lead, item_id)


def _queue(store: ReviewStore, queue_id: int) -> Queue:
    with store.read() as db:
        return queue_by_id(db, queue_id)
