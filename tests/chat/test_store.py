"""The answer store, on SQLite and on PostgreSQL."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from pipeline.answer_rows import Most
from pipeline.answer_store import open_engine, store_url
from pipeline.answer_tables import notes
from pipeline.answers import AnswerStore, is_gone, this_process
from pipeline.prices import load_prices
from pipeline.spending import doubtful, spent
from schemas.chat import ChatAnswer, Usage
from schemas.errors import SetupError
from tests.chat.postgres import running, server_programs
from tests.chat.talk import request, store_in

MOST = Most(prompt_tokens=1000, audio_tokens=0, output_tokens=100)
PRICES = load_prices(None)
URL = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def postgres_url():
    if server_programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="merr-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        with running(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def open_store(request, tmp_path):
    """Opens the one store of this test, any number of times."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    opened = []

    def opener(holder="elsewhere/1"):
        engine = open_engine(url, default=tmp_path / "answers.sqlite")
        opened.append(AnswerStore(engine, holder=holder))
        return opened[-1]

    yield opener
    if url:
        from pipeline.answer_tables import metadata

        metadata.drop_all(opened[0].engine)
    for store in opened:
        store.close()


def answer(asked, text="yes", **usage):
    return ChatAnswer(
        request_id=asked.request_id,
        text=text,
        finish_reason="stop",
        served_model=asked.model,
        usage=Usage(**{"prompt_tokens": 10, "output_tokens": 5} | usage),
        raw_json="{}",
    )


def test_what_is_put_is_got_by_whoever_opens_the_store(open_store):
    asked = request(URL)
    assert open_store().get(asked.request_id) is None
    open_store().put(asked, answer(asked, "né\x01🙂"), stage="heard")
    assert open_store().get(asked.request_id) == answer(asked, "né\x01🙂")


def test_the_first_answer_stays_and_is_what_the_second_caller_gets(open_store):
    asked, store = request(URL), open_store()
    assert store.put(asked, answer(asked, "one"), stage="heard").text == "one"
    assert open_store().put(asked, answer(asked, "two"), stage="heard").text == "one"
    assert store.get(asked.request_id).text == "one"


def test_a_request_is_in_flight_from_its_note_to_its_answer(open_store):
    one, two, three = (request(URL, str(i)) for i in range(3))
    store = open_store("here/7")
    for asked in (one, two, three):
        store.note(asked, stage="heard", most=MOST)
    store.put(one, answer(one), stage="heard")
    store.unnote(two.request_id, lost=False)
    [note] = open_store().in_flight()
    assert (note.request_id, note.stage, note.holder) == (three.request_id, "heard", "here/7")


def test_lost_calls_are_counted_at_their_most(open_store):
    one, two = request(URL, "1"), request(URL, "2")
    store = open_store()
    store.note(one, stage="heard", most=MOST)
    store.unnote(one.request_id, lost=True)
    store.note(one, stage="heard", most=MOST)  # sent again: in flight and lost once
    store.note(two, stage="heard", most=MOST)
    store.note(two, stage="heard", most=MOST)  # noted while open: the first was lost
    [lost] = doubtful(store, PRICES)
    assert lost.calls == 4
    assert lost.most == Usage(prompt_tokens=4000, output_tokens=400, audio_tokens=0, sound_s=0)
    assert lost.most_usd == pytest.approx(4 * (1000 * 2.5 + 100 * 10) / 1e6)


def test_what_was_spent_is_summed_per_stage_model_and_tariff(open_store):
    store = open_store()
    for stage, model, text, tariff in [
        ("heard", "gpt-4o", "a", "online"),
        ("heard", "gpt-4o", "b", "online"),
        ("heard", "gpt-4o", "c", "batch"),
        ("clues", "own", "d", "online"),
    ]:
        asked = request(URL, text, model=model)
        told = answer(asked, prompt_tokens=1000, output_tokens=100)
        store.put(asked, told, stage=stage, tariff=tariff)
    own, batch, online = spent(store, PRICES)
    assert (own.stage, own.calls, own.cost_usd) == ("clues", 1, None)
    assert (batch.calls, batch.cost_usd) == (1, pytest.approx(0.00175))
    assert (online.calls, online.cost_usd) == (2, pytest.approx(0.007))
    assert online.usage == Usage(prompt_tokens=2000, output_tokens=200)


def test_one_call_without_usage_makes_the_cost_of_its_group_unknown(open_store):
    store = open_store()
    for text, usage in (("a", {}), ("b", {"prompt_tokens": None})):
        asked = request(URL, text)
        store.put(asked, answer(asked, **usage), stage="heard")
    [row] = spent(store, PRICES)
    assert (row.calls, row.untold, row.cost_usd) == (2, 1, None)


def test_writes_that_share_a_commit_do_not_share_a_failure(open_store):
    store = open_store()
    asked = [request(URL, str(i)) for i in range(3)]

    def fails():
        raise SetupError("no")

    works = [lambda a=a: store.put(a, answer(a), stage="heard") for a in asked]
    told = store.together([works[0], fails, works[1]])
    assert [type(t) for t in told] == [ChatAnswer, SetupError, ChatAnswer]
    assert [store.get(a.request_id) is not None for a in asked] == [True, True, False]


def test_many_processes_may_write_at_once(open_store):
    stores = [open_store() for _ in range(4)]

    def write(store, start):
        for i in range(start, start + 20):
            asked = request(URL, str(i))
            store.note(asked, stage="heard", most=MOST)
            store.put(asked, answer(asked), stage="heard")

    threads = [threading.Thread(target=write, args=(s, 10 * n)) for n, s in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [row] = spent(stores[0], PRICES)
    assert row.calls == 50
    assert stores[0].in_flight() == []


def test_two_that_wait_for_each_other_both_get_done(open_store):
    """Each holds what the other wants: a database ends one of them, and it tries again."""
    one, two = request(URL, "1"), request(URL, "2")
    both_hold, told = threading.Barrier(2), []

    def crosswise(store, first, second):
        tries = []

        def work():
            store.note(first, stage="heard", most=MOST)
            if not tries:
                tries.append(1)
                with contextlib.suppress(threading.BrokenBarrierError):
                    both_hold.wait(1)
            store.note(second, stage="heard", most=MOST)
            return "done"

        told.extend(store.together([work]))

    threads = [
        threading.Thread(target=crosswise, args=(open_store(), *pair))
        for pair in ((one, two), (two, one))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["done", "done"]


def test_the_store_keeps_hashes_in_place_of_media(tmp_path):
    parts = (
        '[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAASOUND",'
        '"format":"wav"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,PICTURE"}},'
        '{"type":"text","text":"the words"}]}]'
    )
    store = store_in(tmp_path)
    store.note(request(URL, messages_json=parts), stage="heard", most=MOST)
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"AAAASOUND" not in kept
    assert b"PICTURE" not in kept
    assert b"the words" in kept
    assert kept.count(b"sha256:") >= 2


def test_calls_of_a_process_that_is_gone_are_settled_as_lost(tmp_path):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    host = this_process().rpartition("/")[0]
    gone = store_in(tmp_path, holder=f"{host}/{child.stdout.strip()}")
    gone.note(request(URL), stage="heard", most=MOST)
    here = store_in(tmp_path)
    here.note(request(URL, "mine"), stage="heard", most=MOST)
    assert here.settle() == 1
    assert [n.holder for n in here.in_flight()] == [this_process()]
    assert not is_gone("another-machine/1")
    assert not is_gone(f"{host}/{os.getpid()}")


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("postgresql://me:secret@host/db", "no password"),
        ("postgresql://host/db?password=secret", "no password"),
        ("mysql://host/db", "postgresql://HOST/NAME"),
        ("://", "neither"),
    ],
)
def test_a_store_that_cannot_be_is_refused_without_telling_its_password(tmp_path, store, words):
    with pytest.raises(SetupError, match=words) as caught:
        store_url(store, default=tmp_path / "x")
    assert "secret" not in str(caught.value)


def test_a_damaged_store_is_named_and_left_alone(tmp_path):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(SetupError, match=r"answers\.sqlite: file is not a database"):
        store_in(tmp_path)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_store_of_another_version_is_refused(tmp_path):
    store_in(tmp_path).close()
    with sqlite3.connect(tmp_path / "answers.sqlite") as db:
        db.execute("UPDATE merr_version SET version = 99")
    db.close()
    with pytest.raises(SetupError, match="is of version 99"):
        store_in(tmp_path)


def test_a_store_from_before_sound_had_a_price_is_brought_up_to_date(tmp_path):
    asked = request(URL)
    store = store_in(tmp_path)
    store.note(asked, stage="speech", most=MOST)
    store.put(asked, answer(asked), stage="speech")
    store.close()
    with sqlite3.connect(tmp_path / "answers.sqlite") as db:
        db.execute("ALTER TABLE answers DROP COLUMN sound_s")
        db.execute("ALTER TABLE notes DROP COLUMN most_sound_s")
        db.execute("UPDATE merr_version SET version = 1")
    db.close()
    for _ in range(2):
        again = store_in(tmp_path)
        assert again.get(asked.request_id) == answer(asked)
        [row] = spent(again, PRICES)
        assert (row.usage.prompt_tokens, row.usage.sound_s) == (10, None)
        assert again.notes(notes.c.most_sound_s == 0)
        again.close()


def test_many_may_make_the_store_at_once(open_store):
    failed = []

    def make():
        try:
            open_store()
        except SetupError as e:
            failed.append(e)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_every_commit_waits_for_the_disk(tmp_path):
    with store_in(tmp_path).engine.connect() as db:
        assert db.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
