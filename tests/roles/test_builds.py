"""Builds that ask a server: answers in rows, bad days survived, nothing asked or paid twice."""

import shutil
import threading
from collections import Counter
from functools import partial
from random import Random

import pytest

from schemas.errors import EndpointDownError, MissingAnswerError, SetupError
from tests.chat.stand_in import Answer, Call, StandIn, Status
from tests.pipeline.workshop import books_of, check_balance
from tests.roles.actor import HEARD, SEEN, good, role_of
from tests.roles.conftest import PEOPLE
from tests.roles.house import (
    KEY,
    KEY_ENV,
    build,
    everything_in,
    failures,
    release_of,
    rows,
    settings,
    told,
)


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)


@pytest.fixture
def crowd(crowd_once, tmp_path):
    return crowd_once.copy_to(tmp_path)


@pytest.fixture
def server():
    with StandIn(good, key=KEY) as server:
        yield server


def chat_calls(server):
    return [call for call in server.calls if call.path.endswith("/chat/completions")]


# ---- answers


def test_answers_come_back_into_rows(workshop, server, pool):
    chain, _ = build(workshop, settings(server.url), pool)
    check_balance(books_of(chain))
    assert Counter(role_of(call.body) for call in chat_calls(server)) == {
        "heard": 3, "seen": 3, "clues": 3,  # the words of these clips are English as they are
    }  # fmt: skip
    assert {row.description for row in rows(chain, "heard")} == {HEARD, None}
    assert sorted(row.missing or "" for row in rows(chain, "seen")) == ["", "", "", "no_peak"]
    clues = rows(chain, "clues")
    assert {(row.mode, row.made_by.engine, row.made_by.model) for row in clues} == {
        ("blind", "chat", "tiny")
    }
    assert all(row.own_label == told(row)["label"] for row in clues)
    evidence = rows(chain, "evidence")
    assert sum(item.key == "scene.seen" for e in evidence for item in e.items) == 3
    fine = {row.clip_id: row for row in rows(chain, "fine")}
    assert fine
    assert all(row.label_agrees == (row.own_label == row.pseu_emotion) for row in fine.values())
    coarse = [row for row in rows(chain, "coarse") if row.heard_tone]
    assert all(SEEN in row.caption and HEARD in row.caption for row in coarse)


def test_more_frames_are_shown_and_those_of_releases_stay(workshop, server, pool):
    before = {row.clip_id: row for row in rows(workshop.open(), "stills")}
    asked = settings(server.url, roles=("seen",), seen={"frames": 5})
    chain, _ = build(workshop, asked, pool)
    stills = {row.clip_id: row.model_copy(update={"more": None}) for row in rows(chain, "stills")}
    assert stills == before
    seen = [row for row in rows(chain, "seen") if row.frames]
    assert {len(row.frames) for row in seen} <= {5, 6}
    shown = [str(call.body).count("image_url") // 2 for call in chat_calls(server)]
    assert sorted(shown) == sorted(len(row.frames) for row in seen)
    assert len(seen) == 3


def test_the_label_is_in_no_request_of_a_blind_writer(workshop, server, pool):
    """Label and file names could only come in beside the evidence."""
    labels = (workshop.sources / "labels.csv").read_text().replace("happy", "contempt")
    (workshop.sources / "labels.csv").write_text(labels)
    chosen = settings(server.url, roles=("clues",))
    build(workshop, chosen, pool)
    vocabulary = "neutral, angry, happy, sad, worried, surprise, fear, contempt, doubt"
    for call in chat_calls(server):
        assert "contempt" not in call.text.replace(vocabulary, "")


def test_a_writer_that_is_told_is_marked_in_every_row(workshop, server, pool):
    chain, _ = build(workshop, settings(server.url, clues={"mode": "told"}), pool)
    assert {row.mode for row in rows(chain, "clues")} == {"told"}
    assert all("label_told" in row.flags for row in rows(chain, "fine"))


def test_nothing_is_asked_where_no_role_asks(workshop, server, pool):
    build(workshop, settings(server.url, roles=()), pool)
    assert server.calls == []
    assert not workshop.work.answers.exists()


def test_what_need_nothing_of_each_other_is_asked_at_the_same_time(crowd, server, pool):
    """Two waits for a clip, not four: every first call of every clip is there before an answer."""
    together = threading.Barrier(PEOPLE, timeout=60)

    def script(call):
        if role_of(call.body) != "clues":
            together.wait()
        return good(call)

    server.script = script
    chain, _ = build(crowd, settings(server.url, run_chat={"concurrency": PEOPLE}), pool)
    assert len(rows(chain, "fine")) + len(books_of(chain).stages["fine"].rejected) >= 1


# ---- bad days


def test_a_refusal_costs_one_clip_and_is_not_asked_again(crowd, server, pool):
    refused = threading.Lock()  # of the first caller

    def script(call):
        if role_of(call.body) == "seen" and refused.acquire(blocking=False):
            return Answer(None, refusal="I cannot describe people.")
        return good(call)

    server.script = script
    chain, _ = build(crowd, settings(server.url), pool)
    (failure,) = failures(chain, "seen")
    assert (failure.error, failure.retryable) == ("RefusedError", False)
    assert len(rows(chain, "seen")) == len(rows(chain, "coarse")) == PEOPLE - 1
    before = len(server.calls)
    build(crowd, settings(server.url), pool)
    assert len(server.calls) == before
    chain, _ = build(crowd, settings(server.url), pool, retry_failed=True)
    assert len(server.calls) == before  # a refusal was an answer, and paid


BAD: dict[str, tuple[Answer, str]] = {
    "cut and yet whole": (Answer('{"seen": true, "description": "A room is seen."}',
                                 finish_reason="length"), "CutAnswerError"),
    "empty": (Answer(""), "EmptyAnswerError"),
    "prose": (Answer("The picture shows a person."), "OffSchemaError"),
    "a refusal as text": (Answer("I'm sorry, but I can't help with that."), "RefusedError"),
    "a mood": (Answer('{"seen": true, "description": "A sad room."}'), "OffSchemaError"),
}  # fmt: skip


def test_bad_answers_are_failures_by_name_and_never_text_in_a_column(crowd, server, pool):
    first: dict[str, str] = {}  # picture -> what it gets, whatever is asked again about it
    kinds = list(BAD)

    def script(call):
        if role_of(call.body) != "seen":
            return good(call)
        picture = call.body["messages"][1]["content"][1]["image_url"]["url"][-400:-200]
        kind = first.setdefault(picture, kinds.pop(0) if kinds else "good")
        return BAD[kind][0] if kind in BAD else good(call)

    server.script = script
    chain, _ = build(crowd, settings(server.url), pool)
    found = Counter(failure.error for failure in failures(chain, "seen"))
    assert found == Counter(error for _, error in BAD.values())
    assert {row.description for row in rows(chain, "seen")} == {SEEN}
    assert len(rows(chain, "seen")) == PEOPLE - len(BAD)


def flaky(call: Call, *, dice: Random, lock: threading.Lock, share: float):
    with lock:
        bad = dice.random() < share
    return Status(500) if bad else good(call)


def test_random_errors_lose_no_clip_and_no_answer_is_asked_for_twice(crowd, server, pool):
    server.script = partial(flaky, dice=Random(1), lock=threading.Lock(), share=0.1)
    chain, _ = build(crowd, settings(server.url), pool)
    assert len(rows(chain, "clues")) == PEOPLE
    assert set(server.answered.values()) <= {0, 1}
    assert len(server.calls) > 2 * PEOPLE  # some were made again


@pytest.mark.slow
def test_after_an_outage_the_release_is_that_of_a_run_without_one(
    crowd_once, server, pool, tmp_path
):
    chosen = settings(server.url)
    calm, _ = build(crowd_once.copy_to(tmp_path / "calm"), chosen, pool)
    server.answered.clear()
    stormy = crowd_once.copy_to(tmp_path / "stormy")
    start = len(server.calls)
    server.script = lambda call: good(call) if call.number < start + 20 else Status(503)
    with pytest.raises(EndpointDownError):
        build(stormy, chosen, pool)
    server.script = good
    chain, _ = build(stormy, chosen, pool)
    assert max(server.answered.values()) == 1
    left, right = release_of(calm, tmp_path / "r1"), release_of(chain, tmp_path / "r2")
    assert left == right


def test_an_endpoint_without_schemas_is_asked_otherwise_and_rows_say_so(crowd, server, pool):
    def script(call):
        if call.body.get("response_format", {}).get("type") == "json_schema":
            return Status(400, "response_format json_schema is not supported")
        return good(call)

    server.script = script
    chain, _ = build(crowd, settings(server.url, roles=("seen",)), pool)
    assert {row.asked.mode for row in rows(chain, "seen")} == {"json"}
    refused = [c for c in chat_calls(server) if "json_schema" in str(c.body["response_format"])]
    assert len(refused) <= settings(server.url).run.chat.concurrency * 2
    before = len(server.calls)
    replay, _ = build(crowd, settings(server.url, roles=("seen",)), pool)
    assert (rows(replay, "seen"), len(server.calls)) == (rows(chain, "seen"), before)


# ---- again, without asking


def test_a_store_gives_the_same_bytes_without_any_endpoint(crowd_once, pool, tmp_path, monkeypatch):
    with StandIn(good, key=KEY) as server:
        chosen = settings(server.url)
        asked = crowd_once.copy_to(tmp_path / "asked")
        build(asked, chosen, pool)
    monkeypatch.delenv(KEY_ENV)
    replayed = crowd_once.copy_to(tmp_path / "replayed")
    shutil.copy(asked.work.answers, replayed.work.answers)
    build(replayed, chosen, pool)
    assert replayed.parts() == asked.parts()


def test_without_a_key_and_without_answers_the_run_stops_and_says_what_is_missing(
    crowd, server, pool, monkeypatch
):
    monkeypatch.delenv(KEY_ENV)
    with pytest.raises(MissingAnswerError):
        build(crowd, settings(server.url), pool)
    assert server.calls == []


def test_the_key_is_nowhere_but_in_requests(crowd, server, pool, tmp_path):
    build(crowd, settings(server.url), pool)
    assert chat_calls(server)[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in everything_in(tmp_path)


def test_a_key_that_is_rejected_stops_the_run_and_is_not_shown(
    crowd, server, pool, tmp_path, monkeypatch
):
    wrong = "sk-wrong-9876543210"
    monkeypatch.setenv(KEY_ENV, wrong)
    with pytest.raises(SetupError, match="rejects the key") as error:
        build(crowd, settings(server.url), pool)
    assert wrong not in str(error.value)
    assert wrong.encode() not in everything_in(tmp_path)


# ---- batches


@pytest.mark.slow
def test_a_build_by_batches_ends_with_the_bytes_of_one_that_asks(
    crowd_once, server, pool, tmp_path
):
    asked = crowd_once.copy_to(tmp_path / "asked")
    build(asked, settings(server.url), pool)
    server.calls.clear()
    batched = crowd_once.copy_to(tmp_path / "batched")
    by_batch = settings(server.url, run_chat={"batch": True})
    submitted = []
    for _ in range(3):
        chain, talked = build(batched, by_batch, pool)
        submitted.append(talked.submitted)
        server.batches.finish()
    assert submitted == [PEOPLE, PEOPLE, 0]  # pictures, then clues
    assert chat_calls(server) == []
    assert books_of(chain).pending == 0
    assert batched.parts() == asked.parts()
