"""Many people at once, and processes that die: every decision stored exactly once, none lost."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from review.deciding import decide, flag, skip
from review.drafts import save_draft
from review.errors import ReviewError
from review.handout import Handout, Idle, give_back, next_item
from review.history import all_events
from review.store import ReviewStore, open_store
from review.tables import events, items, leases, standing
from review.undoing import undo
from schemas.review import Answer
from tests.review.office import accepted, handed, person, queue_of, ticket

WORKER = Path(__file__).with_name("worker.py")


def balance(store: ReviewStore) -> None:
    """What holds at every moment: the count of an item is that of its decisions that stand, never
    above what it needs, and open says whether it needs more."""
    with store.read() as db:
        counted = dict(
            db.execute(
                select(standing.c.item_id, func.count())
                .where(standing.c.counts)
                .group_by(standing.c.item_id)
            ).all()
        )
        for item in db.execute(select(items)).mappings():
            assert item["done"] == counted.get(item["item_id"], 0)
            assert item["needed"] is None or item["done"] <= item["needed"]
            assert item["open"] == (item["done"] != item["needed"])
        undone = set(db.execute(select(events.c.undoes).where(events.c.kind == "undo")).scalars())
        made = select(events.c.event_id).where(events.c.kind.in_(("decide", "skip")))
        assert set(db.execute(made).scalars()) - undone == set(
            db.execute(select(standing.c.event_id)).scalars()
        )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_people_do_the_counts_are_those_of_the_decisions(office, seed):
    drawn, store = random.Random(seed), office.store
    team = [person(store, name) for name in ("ann", "ben", "cat")]
    queue = queue_of(store, 4, reviews=2)
    held, made = [], []

    def take(who):
        found = next_item(store, who, queue.queue_id)
        held.extend([(who, found)] if isinstance(found, Handout) else [])

    def settle(what):
        who, handout = drawn.choice(held)
        made.append((who, what(store, who, ticket(handout)).event_id))

    def back():
        who, event_id = drawn.choice(made)
        held.append((who, undo(store, who, event_id, f"undo {len(made)} {drawn.random()}")))

    def draft():
        who, handout = drawn.choice(held)
        save_draft(store, who, handout.item_id, Answer(note="x"), version=0)

    actions = {
        "take": lambda: take(drawn.choice(team)),
        "decide": lambda: settle(lambda s, w, t: decide(s, w, t, accepted())),
        "skip": lambda: settle(skip),
        "flag": lambda: settle(lambda s, w, t: flag(s, w, t, "look")),
        "undo": back,
        "draft": draft,
        "leave": lambda: give_back(store, drawn.choice(team), drawn.choice(held)[1].item_id),
        "wait": lambda: office.clock.pass_by(minutes=drawn.choice((1, 20))),
    }
    done = Counter()
    for _ in range(60):
        name = drawn.choices(list(actions), weights=(6, 6, 1, 1, 2, 1, 1, 2))[0]
        try:
            actions[name]()
            done[name] += 1
        except (ReviewError, IndexError):
            continue
    balance(store)
    assert done["decide"] >= 3


def test_people_in_threads_bring_a_queue_to_its_end_exactly(store):
    team = [person(store, f"person {i}") for i in range(5)]
    queue = queue_of(store, 8, reviews=3)
    acknowledged: list[int] = []

    def work(who):
        while True:
            found = next_item(store, who, queue.queue_id)
            if isinstance(found, Idle):
                if found.why == "finished":
                    return
                time.sleep(0.01)
                continue
            acknowledged.append(decide(store, who, ticket(found), accepted()).event_id)

    threads = [threading.Thread(target=work, args=(who,)) for who in team]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    stored = [d.event_id for d in all_events(store)]
    assert sorted(acknowledged) == sorted(stored)
    assert len(stored) == 8 * 3
    balance(store)
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(leases)).scalar() == 0


def test_one_ticket_sent_by_many_at_once_decides_once(store):
    ann, queue = person(store), queue_of(store, 1, reviews=5)
    sent = ticket(handed(store, ann, queue), "the same")
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(decide(store, ann, sent, accepted())))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 6
    assert len({decided.event_id for decided in got}) == 1
    assert len(list(all_events(store))) == 1


def test_an_event_can_be_neither_changed_nor_removed(store):
    from schemas.errors import SetupError

    ann, queue = person(store), queue_of(store)
    decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    for statement in ("UPDATE events SET note = 'x'", "DELETE FROM events"):
        with pytest.raises(SetupError, match="only ever added"), store.write() as db:
            db.exec_driver_sql(statement)


@pytest.mark.slow
def test_killed_processes_lose_nothing_that_was_acknowledged(database, tmp_path):
    url, path = database
    store = open_store(url, default=path)
    names = [f"person {i}" for i in range(4)]
    for name in names:
        person(store, name)
    queue = queue_of(store, 60, reviews=3, lease_ms=2_000)

    def start(name):
        arguments = [url or "", str(path), name, queue.name, str(tmp_path / f"{name}.log")]
        return subprocess.Popen([sys.executable, str(WORKER), *arguments])

    running = {name: start(name) for name in names}
    drawn = random.Random(1)
    for _ in range(5):
        time.sleep(3 + drawn.random() * 2)
        name = drawn.choice(names)
        if running[name].poll() is None:
            os.kill(running[name].pid, signal.SIGKILL)
        running[name].wait()
        running[name] = start(name)
    assert [process.wait(300) for process in running.values()] == [0] * 4
    acknowledged = {
        line for name in names for line in (tmp_path / f"{name}.log").read_text().split()
    }
    with store.read() as db:
        stored = list(db.execute(select(events.c.request_id)).scalars())
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored)) == 60 * 3
    balance(store)
    store.close()
