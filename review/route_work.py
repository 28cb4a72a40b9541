"""The work of an annotator: the next sample, an answer, a second thought."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from review.deciding import Decided, Ticket, decide, flag, label_blind, skip
from review.desk import MyQueue, my_queues
from review.drafts import save_draft
from review.errors import ReviewError
from review.handout import Handout, Idle, give_back, next_item, renew
from review.history import OwnWork, own_history, own_work
from review.house import House, Somebody, TheHouse
from review.people import Person
from review.screen import NextScreen, Screen, next_of, screen_of
from review.undoing import undo
from schemas.review import MOST_LABELS, MOST_NOTE, Answer, Decision, Intensity
from schemas.units import Row

router = APIRouter(prefix="/api", tags=["work"])
_MOST_ID: Final = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=_MOST_ID)]
_Token = Annotated[str, Field(min_length=1, max_length=64, pattern="^[0-9A-Za-z_-]+$")]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Label = Annotated[str, Field(min_length=1, max_length=100)]


class Sent(Row):
    """The sample as it was handed out, and a name for this request: twice counts once."""

    lease_id: _Token
    version: _Count
    request_id: _Token

    def ticket(self, item_id: int) -> Ticket:
        return Ticket(item_id, self.lease_id, self.version, self.request_id)


class SentAnswer(Sent):
    answer: Answer
    queue_id: Annotated[int, Field(ge=1, le=_MOST_ID)] | None = None  # to take the next of


class SentLabel(Sent):
    labels: Annotated[tuple[_Label, ...], Field(max_length=MOST_LABELS)]
    intensity: Intensity | None = None


class SentNote(Sent):
    note: Annotated[str, Field(max_length=MOST_NOTE)] | None = None


class SentFlag(Sent):
    note: Annotated[str, Field(min_length=1, max_length=MOST_NOTE)]


class SentDraft(Row):
    answer: Answer
    version: _Count


class SentUndo(Row):
    event_id: Annotated[int, Field(ge=1, le=_MOST_ID)]
    request_id: _Token


class SentLease(Row):
    lease_id: _Token


class DecidedNext(Row):
    decided: Decided
    next: NextScreen | None


class DraftSaved(Row):
    version: int


class Renewed(Row):
    expires_ms: int


@router.get("/queues")
def queues(person: Somebody, house: TheHouse) -> list[MyQueue]:
    return my_queues(house.store, person)


@router.post("/queues/{queue_id}/next")
def take_next(queue_id: Id, person: Somebody, house: TheHouse) -> NextScreen:
    return next_of(house, person, next_item(house.store, person, queue_id))


@router.post("/items/{item_id}/decide", response_model=DecidedNext)
async def decide_item(item_id: Id, sent: SentAnswer, request: Request, house: TheHouse) -> Response:
    """With `queue_id` the next sample comes in the same answer."""

    def done() -> Response:
        decided = _decide(house, house.somebody(request), item_id, sent)
        return Response(decided.model_dump_json(), media_type="application/json")

    return await house.turns.take(done)


def _decide(house: House, person: Person, item_id: int, sent: SentAnswer) -> DecidedNext:
    with house.store.together():
        decided = decide(house.store, person, sent.ticket(item_id), sent.answer)
        found = None if sent.queue_id is None else _next_if_any(house, person, sent.queue_id)
    following = None if found is None else next_of(house, person, found)
    return DecidedNext(decided=decided, next=following)


def _next_if_any(house: House, person: Person, queue_id: int) -> Handout | Idle | None:
    """None where asking is refused: that takes nothing back of the decision before it."""
    try:
        return next_item(house.store, person, queue_id)
    except ReviewError:
        return None


@router.post("/items/{item_id}/label")
def label_item(item_id: Id, sent: SentLabel, person: Somebody, house: TheHouse) -> Screen:
    """The label before the text is shown; the text comes with the answer."""
    ticket = sent.ticket(item_id)
    given = label_blind(house.store, person, ticket, sent.labels, sent.intensity)
    return screen_of(house, person, given)


@router.post("/items/{item_id}/skip")
def skip_item(item_id: Id, sent: SentNote, person: Somebody, house: TheHouse) -> Decided:
    return skip(house.store, person, sent.ticket(item_id), sent.note)


@router.post("/items/{item_id}/flag")
def flag_item(item_id: Id, sent: SentFlag, person: Somebody, house: TheHouse) -> Decided:
    return flag(house.store, person, sent.ticket(item_id), sent.note)


@router.put("/items/{item_id}/draft")
def draft_item(item_id: Id, sent: SentDraft, person: Somebody, house: TheHouse) -> DraftSaved:
    version = save_draft(house.store, person, item_id, sent.answer, version=sent.version)
    return DraftSaved(version=version)


@router.post("/items/{item_id}/renew")
def renew_item(item_id: Id, sent: SentLease, person: Somebody, house: TheHouse) -> Renewed:
    return Renewed(expires_ms=renew(house.store, person, item_id, sent.lease_id))


@router.post("/items/{item_id}/give-back")
def give_back_item(item_id: Id, person: Somebody, house: TheHouse) -> None:
    give_back(house.store, person, item_id)


@router.post("/undo")
def undo_event(sent: SentUndo, person: Somebody, house: TheHouse) -> Screen:
    given = undo(house.store, person, sent.event_id, sent.request_id)
    return screen_of(house, person, given)


@router.get("/history")
def history(
    person: Somebody,
    house: TheHouse,
    before: Annotated[int | None, Query(ge=1, le=_MOST_ID)] = None,
    most: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Decision]:
    """One's own, the newest first."""
    return own_history(house.store, person, most=most, before=before)


@router.get("/own-work")
def work(person: Somebody, house: TheHouse) -> OwnWork:
    return own_work(house.store, person)
