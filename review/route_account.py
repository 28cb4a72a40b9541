"""Who somebody is: logging in and out, and taking an invitation."""

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from review.errors import MissingError
from review.house import NobodyError, TheHouse, set_cookie
from review.people import (
    MOST_NAME,
    MOST_PASSWORD,
    SESSION_MS,
    Session,
    accept_invitation,
    log_in,
    log_out,
    person_of,
)
from review.tokens import SESSION, VISIT, csrf_token
from schemas.review import Role
from schemas.units import Row

router = APIRouter(prefix="/api", tags=["account"])
_VISIT_S: Final = 24 * 3600
_Password = Annotated[str, Field(min_length=1, max_length=MOST_PASSWORD)]


class Hello(Row):
    """Who the browser is of, and what every change has to send as x-csrf-token."""

    name: str | None
    pseudonym: str | None
    role: Role | None
    csrf: str


class Login(Row):
    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
    password: _Password


class Acceptance(Row):
    token: Annotated[str, Field(min_length=1, max_length=100)]
    password: _Password


@router.get("/hello")
def hello(request: Request, response: Response, house: TheHouse) -> Hello:
    """The first request of a page."""
    token = request.cookies.get(SESSION)
    person = None if token is None else person_of(house.store, token)
    if person is not None and token is not None:
        csrf = csrf_token(house.secret, token)
        return Hello(name=person.name, pseudonym=person.pseudonym, role=person.role, csrf=csrf)
    response.delete_cookie(SESSION, path="/")
    visit = secrets.token_urlsafe(24)
    set_cookie(request, response, VISIT, visit, _VISIT_S)
    return Hello(name=None, pseudonym=None, role=None, csrf=csrf_token(house.secret, visit))


@router.post("/login")
def login(wanted: Login, request: Request, response: Response, house: TheHouse) -> Hello:
    """401 for a wrong name or password, in the same words; 429 after too many."""
    try:
        session = log_in(house.store, wanted.name, wanted.password, address=_address(request))
    except MissingError as e:
        raise NobodyError(str(e)) from e
    return _opened(session, request, response, house)


@router.post("/accept")
def accept(wanted: Acceptance, request: Request, response: Response, house: TheHouse) -> Hello:
    """Set the password that an invitation asks for, and log in."""
    person = accept_invitation(house.store, wanted.token, wanted.password)
    session = log_in(house.store, person.name, wanted.password, address=_address(request))
    return _opened(session, request, response, house)


@router.post("/logout")
def logout(request: Request, response: Response, house: TheHouse) -> None:
    token = request.cookies.get(SESSION)
    if token is not None:
        log_out(house.store, token)
    response.delete_cookie(SESSION, path="/")


def _opened(session: Session, request: Request, response: Response, house: TheHouse) -> Hello:
    set_cookie(request, response, SESSION, session.token, SESSION_MS // 1000)
    person = session.person
    csrf = csrf_token(house.secret, session.token)
    return Hello(name=person.name, pseudonym=person.pseudonym, role=person.role, csrf=csrf)


def _address(request: Request) -> str:
    return request.client.host if request.client else "nowhere"
