"""Accounts by invitation, sessions, limits."""

import pytest
from sqlalchemy import insert, select

from review.errors import ConflictError, InvalidError, MissingError, RateLimitError
from review.people import (
    MOST_BY_NAME,
    accept_invitation,
    dismiss,
    everybody,
    invite,
    log_in,
    log_out,
    person_of,
)
from review.tables import failed_logins, invitations, people, sessions

PASSWORD = "a long password"  # noqa: S105


@pytest.fixture(scope="module")
def known(empty_file, tmp_path_factory):
    """Somebody with a password: argon2 takes its time, so once."""
    import shutil

    from review.store import open_store
    from tests.review.office import Office, StillClock

    path = shutil.copy(empty_file, tmp_path_factory.mktemp("people") / "review.sqlite")
    clock = StillClock()
    store = open_store(None, default=path, clock=clock)
    accept_invitation(store, invite(store, "ann", "lead"), PASSWORD)
    yield Office(store, clock)
    store.close()


def test_a_session_lasts_until_it_expires_or_is_ended(known):
    store = known.store
    first = log_in(store, "ann", PASSWORD, address="here")
    assert person_of(store, first.token).leads
    log_out(store, first.token)
    assert person_of(store, first.token) is None
    second = log_in(store, " ann ", PASSWORD, address="here")
    known.clock.pass_by(minutes=12 * 60 + 1)
    assert person_of(store, second.token) is None
    assert person_of(store, "forged") is None


def test_a_wrong_password_and_an_unknown_name_are_told_alike_and_limited(known):
    told = set()
    for name in ("ann", "nobody"):
        with pytest.raises(MissingError) as caught:
            log_in(known.store, name, "wrong password", address="there")
        told.add(str(caught.value))
    assert len(told) == 1
    failed = {"name": "ann", "address": "there", "at_ms": known.clock()}
    with known.store.write() as db:
        db.execute(insert(failed_logins), [failed] * (MOST_BY_NAME - 1))
    with pytest.raises(RateLimitError):
        log_in(known.store, "ann", PASSWORD, address="elsewhere")
    known.clock.pass_by(minutes=16)
    assert log_in(known.store, "ann", PASSWORD, address="there")


def test_an_invitation_works_once_and_not_for_ever(known):
    store = known.store
    token = invite(store, "ben")
    with pytest.raises(InvalidError, match="10 to 200"):
        accept_invitation(store, token, "short")
    accept_invitation(store, token, PASSWORD)
    with pytest.raises(MissingError, match="used or expired"):
        accept_invitation(store, token, PASSWORD)
    late = invite(store, "cat")
    known.clock.pass_by(minutes=7 * 24 * 60 + 1)
    with pytest.raises(MissingError):
        accept_invitation(store, late, PASSWORD)


def test_a_new_invitation_ends_the_old_one_and_the_sessions_that_were_open(known):
    store = known.store
    session = log_in(store, "ben", PASSWORD, address="here")
    old, new = invite(store, "ben"), invite(store, "ben")
    with pytest.raises(MissingError):
        accept_invitation(store, old, PASSWORD)
    accept_invitation(store, new, "another password")
    assert person_of(store, session.token) is None


def test_who_has_left_is_out_at_once(known):
    store = known.store
    session = log_in(store, "ben", "another password", address="here")
    dismiss(store, "ben")
    assert person_of(store, session.token) is None
    with pytest.raises(MissingError):
        log_in(store, "ben", "another password", address="here")
    assert "ben" not in [p.name for p in everybody(store)]


def test_a_role_is_not_changed_by_an_invitation(store):
    invite(store, "ann")
    with pytest.raises(ConflictError, match="is there as annotator"):
        invite(store, "ann", "lead")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81])
def test_a_name_that_cannot_be_is_refused(store, name):
    with pytest.raises(InvalidError):
        invite(store, name)


def test_the_database_holds_neither_passwords_nor_tokens(known):
    session = log_in(known.store, "ann", PASSWORD, address="here")
    token = invite(known.store, "dan")
    with known.store.read() as db:
        kept = str([db.execute(select(t)).all() for t in (people, sessions, invitations)])
    assert PASSWORD not in kept
    assert session.token not in kept
    assert token not in kept
    assert "$argon2id$" in kept
