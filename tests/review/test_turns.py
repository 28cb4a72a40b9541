"""Turns: what comes meanwhile is written together, and nobody pays for another's trouble."""

import asyncio
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import event, insert, select

from review.errors import InvalidError
from review.store import open_store
from review.tables import facts
from review.turns import Turns


@pytest.fixture
def own(tmp_path, empty_file):
    """A SQLite database with nothing in it."""
    store = open_store(None, default=shutil.copy(empty_file, tmp_path / "own.sqlite"))
    yield store
    store.close()


def keeping(store, name):
    def work():
        with store.together(), store.write() as db:
            db.execute(insert(facts).values(name=name, value="kept"))
        return name

    return work


def refused(store, name):
    def work():
        keeping(store, name)()
        raise InvalidError(f"{name} is refused")

    return work


def broken(store, name):
    def work():
        keeping(store, name)()
        raise KeyError(name)

    return work


def take(store, *works):
    """The outcomes of works that were asked for in one moment."""
    turns = Turns(store)

    async def all_of_them():
        return await asyncio.gather(*map(turns.take, works), return_exceptions=True)

    return asyncio.run(all_of_them())


def kept(store):
    with store.read() as db:
        return list(db.execute(select(facts.c.name)).scalars())


def test_what_waits_is_one_transaction_in_the_order_of_asking(own):
    commits, begun = [], []
    event.listen(own.engine, "commit", commits.append)
    works = [lambda name=name: begun.append(name) or keeping(own, name)() for name in "cab"]
    assert take(own, *works) == begun == ["c", "a", "b"]
    assert (kept(own), len(commits)) == (["a", "b", "c"], 1)


def test_an_answer_comes_after_the_disk_has_it(own):
    """Another process, which sees what is committed alone, sees it when the answer is here."""
    turns = Turns(own)

    async def one(name):
        await turns.take(keeping(own, name))
        with closing(sqlite3.connect(own.engine.url.database)) as other:
            return other.execute("SELECT count(*) FROM facts WHERE name = ?", [name]).fetchone()

    async def all_of_them():
        return await asyncio.gather(*(one(f"{number}") for number in range(40)))

    assert asyncio.run(all_of_them()) == [(1,)] * 40


def test_what_is_refused_leaves_nothing_and_takes_nothing(own):
    told = take(own, keeping(own, "a"), refused(own, "b"), keeping(own, "c"))
    assert (told[0], str(told[1]), told[2]) == ("a", "b is refused", "c")
    assert kept(own) == ["a", "c"]


@pytest.mark.parametrize("place", range(3))
def test_work_that_breaks_fails_alone(own, place):
    works = [keeping(own, "a"), keeping(own, "b")]
    works.insert(place, broken(own, "bad"))
    told = take(own, *works)
    assert isinstance(told.pop(place), KeyError)
    assert (told, kept(own)) == (["a", "b"], ["a", "b"])


def test_a_name_that_is_taken_is_an_error_of_its_own_alone(own):
    """An error of the database, not of the work."""
    told = take(own, keeping(own, "a"), keeping(own, "a"), keeping(own, "b"))
    assert (told[0], told[2], kept(own)) == ("a", "b", ["a", "b"])
    assert "UNIQUE constraint failed" in str(told[1])


def test_who_is_gone_takes_no_answer_from_the_others(own):
    turns = Turns(own)

    async def one_goes():
        here, gone = (asyncio.create_task(turns.take(keeping(own, name))) for name in "ab")
        await asyncio.sleep(0)
        gone.cancel()
        told = await asyncio.gather(here, gone, return_exceptions=True)
        return told[0], type(told[1]), await turns.take(keeping(own, "c"))

    assert asyncio.run(one_goes()) == ("a", asyncio.CancelledError, "c")


def test_while_another_writes_the_event_loop_goes_on(own):
    """The works wait in a thread, and are written when the other has ended."""
    turns, ticks = Turns(own), []
    with closing(sqlite3.connect(own.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def wait():
            works = [asyncio.create_task(turns.take(keeping(own, name))) for name in "ab"]
            while len(ticks) < 5:
                ticks.append(any(work.done() for work in works))
                await asyncio.sleep(0.02)
            other.execute("ROLLBACK")
            return await asyncio.gather(*works)

        assert asyncio.run(wait()) == ["a", "b"]
    assert (ticks, kept(own)) == ([False] * 5, ["a", "b"])


def test_nothing_but_a_store_of_turns_is_written_in_the_event_loop(store):
    [thread] = take(store, threading.get_ident)
    assert (thread == threading.get_ident()) is store.in_turn
