"""The state that Prefect's server starts with: kept once, lent to every new work folder."""

import sqlite3
from contextlib import closing

import pytest

from flows.prefect_state import keep_database, lend_database


@pytest.fixture
def folder(tmp_path):
    """One in which nothing is kept yet."""
    return tmp_path / "environment"


@pytest.fixture
def migrated(tmp_path):
    """The state of a server that has just started, and still has it open."""
    path = tmp_path / "migrated.db"
    with closing(sqlite3.connect(path)) as server:
        server.execute("PRAGMA journal_mode=WAL")
        server.execute("CREATE TABLE alembic_version (version_num TEXT)")
        server.execute("INSERT INTO alembic_version VALUES ('abc')")
        server.commit()
        yield path


def versions(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT version_num FROM alembic_version").fetchall()


def kept_file(folder):
    (found,) = folder.rglob("prefect-*.db")
    return found


def test_a_state_that_was_kept_is_lent(folder, migrated, tmp_path):
    keep_database(migrated, folder)
    lend_database(tmp_path / "work" / "prefect.db", folder)
    assert versions(tmp_path / "work" / "prefect.db") == [("abc",)]


def test_where_none_is_kept_none_is_lent(folder, tmp_path):
    lend_database(tmp_path / "prefect.db", folder)
    assert not (tmp_path / "prefect.db").exists()


def test_a_work_folder_keeps_its_own_state(folder, migrated, tmp_path):
    keep_database(migrated, folder)
    (tmp_path / "prefect.db").write_bytes(b"its own")
    lend_database(tmp_path / "prefect.db", folder)
    assert (tmp_path / "prefect.db").read_bytes() == b"its own"


def test_what_is_kept_is_kept_once(folder, migrated, tmp_path):
    keep_database(migrated, folder)
    before = kept_file(folder).stat().st_mtime_ns
    keep_database(migrated, folder)
    assert kept_file(folder).stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_a_damaged_state_is_not_lent_and_grows_back(folder, migrated, tmp_path, damage):
    keep_database(migrated, folder)
    whole = kept_file(folder).read_bytes()
    kept_file(folder).write_bytes(damage or whole[: len(whole) // 2])
    lend_database(tmp_path / "prefect.db", folder)
    assert not (tmp_path / "prefect.db").exists()
    keep_database(migrated, folder)
    lend_database(tmp_path / "prefect.db", folder)
    assert versions(tmp_path / "prefect.db") == [("abc",)]


def test_an_environment_that_cannot_be_written_only_costs_time(folder, migrated, tmp_path):
    folder.write_text("a file, where a folder should be")
    keep_database(migrated, folder)
    lend_database(tmp_path / "prefect.db", folder)
    assert not (tmp_path / "prefect.db").exists()
