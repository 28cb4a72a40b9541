"""The database of reviews, on SQLite and on PostgreSQL."""

import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from review.store import open_store, store_url
from tests.chat.postgres import running, server_programs
from tests.review.office import Office, StillClock


@pytest.fixture(scope="session")
def postgres_server():
    if server_programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="merr-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        with running(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    """A database with its tables, to be copied: making them anew costs more than most tests."""
    path = tmp_path_factory.mktemp("empty") / "review.sqlite"
    open_store(None, default=path).close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request, tmp_path, empty_file):
    """(URL or None, path) of an empty database."""
    url = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    if url is not None:
        engine = create_engine(store_url(url, default=tmp_path))
        with engine.begin() as db:
            db.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        engine.dispose()
    return url, Path(shutil.copy(empty_file, tmp_path / "review.sqlite"))


@pytest.fixture
def office(database):
    """An empty database and a clock that stands still."""
    url, path = database
    clock = StillClock()
    store = open_store(url, default=path, clock=clock)
    yield Office(store, clock)
    store.close()


@pytest.fixture
def store(office):
    return office.store
