"""The database itself: made, brought up to date, refused."""

import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from review.store import open_store
from review.tables import facts, metadata
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


@pytest.fixture
def own_file(tmp_path, empty_file):
    return Path(shutil.copy(empty_file, tmp_path / "own.sqlite"))


def keep(store, name):
    with store.write() as db:
        db.execute(insert(facts).values(name=name, value="kept"))


def keep_and_fail(store, name):
    with store.at_once():
        keep(store, name)
        raise RuntimeError


def kept(store):
    with store.read() as db:
        return set(db.execute(select(facts.c.name)).scalars())


def test_what_is_written_at_once_is_kept_together_or_not_at_all(own_file):
    store = open_store(None, default=own_file)
    with store.at_once() as now:
        keep(store, "a")
        with store.together():
            keep(store, "b")
        assert now
    with pytest.raises(RuntimeError):
        keep_and_fail(store, "c")
    assert kept(store) == {"a", "b"}
    store.close()


def test_nothing_is_written_at_once_while_another_thread_writes(own_file):
    store = open_store(None, default=own_file)
    with ThreadPoolExecutor(1) as pool, store.write():
        assert pool.submit(can_write_at_once, store).result(timeout=10) is False
    assert can_write_at_once(store)
    store.close()


def test_nothing_is_written_at_once_while_another_process_writes(own_file):
    store = open_store(None, default=own_file)
    with closing(sqlite3.connect(own_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        assert can_write_at_once(store) is False
        assert time.monotonic() - started < 10  # a patient writer waits for a minute
        other.execute("ROLLBACK")
    keep(store, "after")
    with store.read() as db:
        assert db.exec_driver_sql("PRAGMA busy_timeout").scalar() == 60_000
    store.close()


def can_write_at_once(store):
    with store.at_once() as now:
        return now


def test_only_a_database_of_this_machine_is_written_at_once(store):
    assert can_write_at_once(store) is (store.engine.dialect.name == "sqlite")
