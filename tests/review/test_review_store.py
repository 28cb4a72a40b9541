"""The database itself: made, brought up to date, refused."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from review.store import open_store
from review.tables import metadata
from schemas.errors import SetupError


def test_the_migrations_make_the_tables_that_the_code_knows(database):
    url, path = database
    store = open_store(url, default=path)
    with store.read() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
    store.close()


def test_a_new_database_is_made_where_there_is_none(tmp_path):
    store = open_store(None, default=tmp_path / "new" / "review.sqlite")
    assert store.secret() == store.secret()
    assert len(store.secret()) == 64
    store.close()


def test_every_commit_waits_for_the_disk_and_keys_are_checked(tmp_path, empty_file):
    store = open_store(None, default=empty_file)
    with store.read() as db:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        told = [db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert told == ["wal", 2, 1, 60_000]
    store.close()


def test_a_database_of_a_later_merr_is_refused(office, database):
    url, path = database
    with office.store.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="revision 9999"):
        open_store(url, default=path)


def test_a_damaged_database_is_named_and_left_alone(tmp_path):
    path = tmp_path / "review.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(SetupError, match=r"review\.sqlite: file is not a database"):
        open_store(None, default=path)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_password_in_the_url_is_refused_untold(tmp_path):
    with pytest.raises(SetupError, match="--db: no password") as caught:
        open_store("postgresql://me:secret@host/db", default=tmp_path / "x")
    assert "secret" not in str(caught.value)


def test_the_table_itself_refuses_a_decision_too_many(tmp_path, empty_file):
    with sqlite3.connect(empty_file) as db:
        checks = db.execute("SELECT sql FROM sqlite_master WHERE name='items'").fetchone()[0]
    db.close()
    assert "done <= needed" in checks
