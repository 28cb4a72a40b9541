"""Accounts: made by invitation, argon2 passwords, sessions, and a limit on failed logins."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import RowMapping

from review.errors import ConflictError, InvalidError, MissingError, RateLimitError
from review.store import ReviewStore
from review.tables import failed_logins, invitations, people, sessions
from schemas.review import Role
from schemas.units import Row

INVITATION_MS: Final = 7 * 24 * 3_600_000
SESSION_MS: Final = 12 * 3_600_000
LIMIT_MS: Final = 15 * 60_000  # failed logins are counted over so long
MOST_BY_NAME: Final = 8
MOST_BY_ADDRESS: Final = 40
LEAST_PASSWORD: Final = 10
MOST_PASSWORD: Final = 200
MOST_NAME: Final = 80
_OF_SESSION: Final = (
    select(people)
    .join(sessions)
    .where(sessions.c.token_hash == bindparam("token"))
    .where(sessions.c.expires_ms > bindparam("now"))
    .where(people.c.left_ms.is_(None))
)
_HASHER: Final = PasswordHasher()  # argon2id, the library's parameters (RFC 9106, low memory)


class Person(Row):
    person_id: str
    name: str
    pseudonym: str
    role: Role

    @property
    def leads(self) -> bool:
        return self.role == "lead"


@dataclass(frozen=True)
class Session:
    person: Person
    token: str  # of the cookie; only its hash is kept
    expires_ms: int


def invite(store: ReviewStore, name: str, role: Role = "annotator") -> str:
    """A token that lets this person set a password, once, within a week. For a name that is there
    already the old token ends and the password may be set anew."""
    name = _checked_name(name)
    token, now = secrets.token_urlsafe(32), store.clock()
    with store.write() as db:
        found = _by_name(db, name)
        if found is not None and found["role"] != role:
            raise ConflictError(f"{name} is there as {found['role']}, not as {role}")
        person_id = found["person_id"] if found else _add(db, name, role, now)
        here = people.c.person_id == person_id
        db.execute(update(people).where(here).values(left_ms=None))
        db.execute(delete(invitations).where(invitations.c.person_id == person_id))
        row = {"person_id": person_id, "expires_ms": now + INVITATION_MS}
        db.execute(insert(invitations).values(token_hash=_digest(token), **row))
    return token


def ensure_person(store: ReviewStore, name: str) -> Person:
    """An annotator of this name, who cannot log in: somebody whose answers come from outside."""
    with store.write() as db:
        if _by_name(db, _checked_name(name)) is None:
            _add(db, name, "annotator", store.clock())
        found = _by_name(db, name)
    if found is None:
        raise MissingError(f"there is nobody called {name}")
    return _person(found)


def accept_invitation(store: ReviewStore, token: str, password: str) -> Person:
    """Set the password. The token is used up, and sessions that were open end."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise InvalidError(f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters")
    hashed, now = _HASHER.hash(password), store.clock()
    open_now = (
        (invitations.c.token_hash == _digest(token))
        & (invitations.c.used_ms.is_(None))
        & (invitations.c.expires_ms > now)
    )
    with store.write() as db:
        used = update(invitations).where(open_now).values(used_ms=now)
        person_id = db.execute(used.returning(invitations.c.person_id)).scalar()
        if person_id is None:
            raise MissingError("this invitation is used or expired: ask for a new one")
        db.execute(
            update(people).where(people.c.person_id == person_id).values(password_hash=hashed)
        )
        db.execute(delete(sessions).where(sessions.c.person_id == person_id))
        return _person(_by_id(db, person_id))


def log_in(store: ReviewStore, name: str, password: str, *, address: str) -> Session:
    """A new session. MissingError for a wrong name or password, in the same words and time;
    RateLimitError after too many of them."""
    name, now = name.strip()[:MOST_NAME], store.clock()
    with store.read() as db:
        _check_rate(db, name, address, now)
        found = _by_name(db, name)
    known = found["password_hash"] if found is not None and found["left_ms"] is None else None
    fits = _fits(known or _nobody(), password[: MOST_PASSWORD + 1])
    if found is None or known is None or not fits:
        with store.write() as db:
            db.execute(insert(failed_logins).values(name=name, address=address, at_ms=now))
        raise MissingError("name or password is wrong")
    token = secrets.token_urlsafe(32)
    with store.write() as db:
        db.execute(delete(sessions).where(sessions.c.expires_ms <= now))
        db.execute(delete(failed_logins).where(_old(now) | (failed_logins.c.name == name)))
        row = {"person_id": found["person_id"], "made_ms": now, "expires_ms": now + SESSION_MS}
        db.execute(insert(sessions).values(token_hash=_digest(token), **row))
    return Session(_person(found), token, now + SESSION_MS)


def person_of(store: ReviewStore, token: str) -> Person | None:
    """Who a session is of. None: it ended, or never was."""
    parameters = {"token": _digest(token), "now": store.clock()}
    with store.read() as db:
        found = db.execute(_OF_SESSION, parameters).mappings().first()
    return None if found is None else _person(found)


def log_out(store: ReviewStore, token: str) -> None:
    with store.write() as db:
        db.execute(delete(sessions).where(sessions.c.token_hash == _digest(token)))


def dismiss(store: ReviewStore, name: str) -> None:
    """May no longer log in; what the person decided stays. MissingError for an unknown name."""
    with store.write() as db:
        left = update(people).where(people.c.name == name).values(left_ms=store.clock())
        gone = db.execute(left.returning(people.c.person_id)).scalar()
        if gone is None:
            raise MissingError(f"there is nobody called {name}")
        db.execute(delete(sessions).where(sessions.c.person_id == gone))


def everybody(store: ReviewStore) -> list[Person]:
    """Who may work here, by name."""
    with store.read() as db:
        here = select(people).where(people.c.left_ms.is_(None)).order_by(people.c.name)
        return [_person(row) for row in db.execute(here).mappings()]


def person_named(store: ReviewStore, name: str) -> Person:
    """By name or pseudonym. MissingError for neither."""
    with store.read() as db:
        either = or_(people.c.name == name, people.c.pseudonym == name)
        found = db.execute(select(people).where(either)).mappings().first()
    if found is None:
        raise MissingError(f"there is nobody called {name}")
    return _person(found)


def _add(db: Connection, name: str, role: Role, now: int) -> str:
    """Pseudonyms are numbered by random digits: they tell neither name nor order."""
    person_id = secrets.token_hex(8)
    row = {"person_id": person_id, "name": name, "role": role, "made_ms": now}
    db.execute(insert(people).values(pseudonym=f"r-{secrets.token_hex(4)}", **row))
    return person_id


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise InvalidError(f"a name has 1 to {MOST_NAME} printable characters")
    return name


def _check_rate(db: Connection, name: str, address: str, now: int) -> None:
    recent = ~_old(now)
    for column, value, most in (
        (failed_logins.c.name, name, MOST_BY_NAME),
        (failed_logins.c.address, address, MOST_BY_ADDRESS),
    ):
        query = select(func.count()).select_from(failed_logins).where(recent & (column == value))
        if db.execute(query).scalar_one() >= most:
            raise RateLimitError("too many failed logins: wait a quarter of an hour")


def _old(now: int) -> ColumnElement[bool]:
    return failed_logins.c.at_ms <= now - LIMIT_MS


@cache
def _nobody() -> str:
    """A hash that no password has: an unknown name costs the same time as a known one."""
    return _HASHER.hash(secrets.token_hex(16))


def _fits(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _by_name(db: Connection, name: str) -> RowMapping | None:
    return db.execute(select(people).where(people.c.name == name)).mappings().first()


def _by_id(db: Connection, person_id: str) -> RowMapping:
    return db.execute(select(people).where(people.c.person_id == person_id)).mappings().one()


def _person(row: RowMapping) -> Person:
    names = ("person_id", "name", "pseudonym", "role")
    return Person.model_validate({name: row[name] for name in names})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
