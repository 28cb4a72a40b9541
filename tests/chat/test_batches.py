"""Batch files: sent by one build, collected by a later one."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from annotators.models.chat import open_endpoint
from annotators.models.chat_batches import ChatBatches
from pipeline.answer_batches import BatchNotes
from pipeline.answer_rows import Most
from pipeline.batch_calls import BatchCalls
from pipeline.chat_opening import open_asking
from pipeline.chat_settings import ChatSettings
from pipeline.prices import load_prices
from pipeline.spending import doubtful, spent
from schemas.errors import BudgetError, ContextTooLongError, SetupError, WaitingError
from tests.chat.stand_in import Answer, StandIn, Status
from tests.chat.talk import FAST, KEY, request, store_in

ROOT = Path(__file__).parents[2]
MOST = Most(prompt_tokens=10, output_tokens=10)


def build(server, folder, requests, **settings):
    """One build: what came of each request, and what was collected at its start."""
    given = ChatSettings(**FAST | {"batch": True} | settings)
    opened = open_asking(
        given, default_store=folder / "answers.sqlite", keys={server.url: SecretStr(KEY)}
    )
    with opened as asking:
        ask = asking.asker.of_stage("heard")

        async def all_of_them():
            return await asyncio.gather(*map(ask, requests), return_exceptions=True)

        return asking.run(all_of_them()), asking.asker.collected


def texts(results):
    return [type(r).__name__ if isinstance(r, Exception) else r.text for r in results]


@pytest.fixture
def server():
    with StandIn(lambda c: Answer(c.text), key=KEY) as made:
        yield made


def test_a_later_build_finds_the_answers_and_nothing_is_asked_online(server, tmp_path):
    requests = [request(server.url, str(i)) for i in range(5)]
    first, _ = build(server, tmp_path, requests)
    assert texts(first) == ["WaitingError"] * 5
    second, collected = build(server, tmp_path, requests)
    assert texts(second) == ["WaitingError"] * 5
    assert collected.running == 5
    server.batches.finish()
    third, collected = build(server, tmp_path, requests)
    assert texts(third) == ["0", "1", "2", "3", "4"]
    assert collected.answers == 5
    assert len(server.batches.batches) == 1
    assert server.batches.lines_run == 5
    assert not any(call.path.endswith("completions") for call in server.calls)


def test_a_replay_reads_what_batches_brought(server, tmp_path):
    requests = [request(server.url, str(i)) for i in range(3)]
    build(server, tmp_path, requests)
    server.batches.finish()
    collected, _ = build(server, tmp_path, requests)
    replayed, _ = build(server, tmp_path, requests, replay=True)
    assert replayed == collected


def test_an_expired_batch_gives_what_it_has_and_the_rest_goes_into_the_next(server, tmp_path):
    requests = [request(server.url, str(i)) for i in range(5)]
    build(server, tmp_path, requests)
    server.batches.finish(status="expired", most=2)
    results, collected = build(server, tmp_path, requests)
    assert (collected.answers, collected.late) == (2, 3)
    told = texts(results)  # which two were first in the file is nobody's promise
    assert told.count("WaitingError") == 3
    assert all(text in (str(i), "WaitingError") for i, text in enumerate(told))
    server.batches.finish()
    results, _ = build(server, tmp_path, requests)
    assert texts(results) == ["0", "1", "2", "3", "4"]
    assert server.batches.lines_run == 5


def test_what_a_batch_could_not_answer_is_asked_by_itself_and_named(server, tmp_path):
    too_long = Status(400, "too long", "context_length_exceeded")
    server.script = lambda c: too_long if c.text == "1" else Answer(c.text)
    requests = [request(server.url, str(i)) for i in range(3)]
    build(server, tmp_path, requests)
    server.batches.finish()
    results, collected = build(server, tmp_path, requests)
    assert (collected.answers, collected.failed) == (2, 1)
    assert type(results[1]) is ContextTooLongError
    assert texts([results[0], results[2]]) == ["0", "2"]
    assert sum(call.path.endswith("completions") for call in server.calls) == 1


def test_a_batch_that_is_not_taken_stops_the_build_once_and_is_sent_again(server, tmp_path):
    requests = [request(server.url, "a")]
    build(server, tmp_path, requests)
    server.batches.fail("line 1: no such model")
    with pytest.raises(SetupError, match="no such model"):
        build(server, tmp_path, requests)
    assert texts(build(server, tmp_path, requests)[0]) == ["WaitingError"]
    assert len(server.batches.batches) == 2


def test_requests_of_two_models_go_into_two_files(server, tmp_path):
    requests = [request(server.url, "a"), request(server.url, "b", model="gpt-4o-mini")]
    build(server, tmp_path, requests)
    assert len(server.batches.batches) == 2


@pytest.mark.parametrize(("limit", "files"), [({"most_requests": 2}, [2, 2, 1]),
                                              ({"most_bytes": 1}, [1, 1, 1, 1, 1])])  # fmt: skip
def test_a_full_file_is_submitted_at_once_and_counted(server, tmp_path, limit, files):
    store = store_in(tmp_path)

    def connect(url):
        return ChatBatches(open_endpoint(url, key=SecretStr(KEY), timeout_s=5.0))

    async def go():
        calls = BatchCalls(store, connect, **limit)
        for number in range(5):
            asked = request(server.url, str(number))
            store.note(asked, stage="heard", most=MOST, queued=True)
            await calls.add(asked)
        before = len(server.batches.batches)
        submitted = await calls.submit()
        await calls.aclose()
        return before, submitted

    before, submitted = asyncio.run(go())
    assert (before, submitted) == (len(files) - (files[-1] < files[0]), 5)  # the last one waits
    sent = [server.batches.files[b.input_file_id] for b in server.batches.batches.values()]
    assert [len(lines.splitlines()) for lines in sent] == files


def test_batches_cost_half_and_wait_at_their_worst_price(server, tmp_path):
    requests = [request(server.url, "abc", max_output_tokens=100)]
    build(server, tmp_path, requests)
    prices = load_prices(None)
    [waiting] = doubtful(store_in(tmp_path), prices)
    assert (waiting.tariff, waiting.calls) == ("batch", 1)
    assert waiting.most_usd == pytest.approx(0.5 * (67 * 2.5 + 100 * 10) / 1e6)
    server.batches.finish()
    build(server, tmp_path, requests)
    assert doubtful(store_in(tmp_path), prices) == []
    [row] = spent(store_in(tmp_path), prices)
    assert row.cost_usd == pytest.approx(0.5 * (100 * 2.5 + 20 * 10) / 1e6)


def test_a_budget_holds_for_batches_too(server, tmp_path):
    requests = [request(server.url, str(i), max_output_tokens=35) for i in range(10)]
    results, _ = build(server, tmp_path, requests, budget_tokens=500)  # 100 each at worst
    assert sum(type(r) is WaitingError for r in results) == 5
    assert sum(type(r) is BudgetError for r in results) == 5
    [batch] = server.batches.batches.values()
    assert server.batches.files[batch.input_file_id].count(b"\n") == 5


def test_a_build_that_breaks_off_submits_nothing_and_a_rerun_does(server, tmp_path):
    given = ChatSettings(**FAST, batch=True)
    opened = open_asking(
        given, default_store=tmp_path / "answers.sqlite", keys={server.url: SecretStr(KEY)}
    )
    with contextlib.suppress(KeyboardInterrupt), opened as asking:
        ask = asking.asker.of_stage("heard")
        with pytest.raises(WaitingError):
            asking.run(ask(request(server.url)))
        raise KeyboardInterrupt
    assert not server.batches.batches
    assert doubtful(store_in(tmp_path), load_prices(None)) == []  # it never went out
    build(server, tmp_path, [request(server.url)])
    assert len(server.batches.batches) == 1


def test_an_endpoint_without_batches_is_named(server, tmp_path):
    server.key = "another"
    with pytest.raises(SetupError, match="rejects the key"):
        build(server, tmp_path, [request(server.url)])
    assert store_in(tmp_path).in_flight() == []


def test_open_batches_are_listed(server, tmp_path):
    build(server, tmp_path, [request(server.url, str(i)) for i in range(4)])
    [batch] = BatchNotes(store_in(tmp_path)).open_batches()
    assert (batch.endpoint, batch.requests) == (server.url, 4)


# ---- killed in the middle of submitting


def killed(server, folder, *, at):
    """A build of three requests is killed when the endpoint has done `at` and not answered yet."""
    server.batches.stalls = at
    command = [sys.executable, "-m", "tests.chat.submitting", str(folder), server.url]
    done = server.batches.batches if at == "/batches" else server.batches.files
    before = len(done)
    running = subprocess.Popen(command, cwd=ROOT)
    while len(done) == before:
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.wait()
    server.batches.stalls = ""
    return [request(server.url, str(i)) for i in range(3)]


def test_a_batch_whose_id_nobody_lived_to_note_is_found_and_not_sent_again(server, tmp_path):
    build(server, tmp_path, [request(server.url, "another")])
    requests = killed(server, tmp_path, at="/batches")
    [waiting, _] = sorted(doubtful(store_in(tmp_path), load_prices(None)), key=lambda d: -d.calls)
    assert (waiting.tariff, waiting.calls) == ("batch", 3)
    results, collected = build(server, tmp_path, requests)
    assert texts(results) == ["WaitingError"] * 3
    assert collected.running == 4
    assert len(server.batches.batches) == 2
    server.batches.finish()
    assert texts(build(server, tmp_path, requests)[0]) == ["0", "1", "2"]
    assert len(server.batches.batches) == 2
    assert server.batches.lines_run == 4
    assert doubtful(store_in(tmp_path), load_prices(None)) == []


def test_a_batch_that_was_never_made_is_made_by_the_next_build_and_cost_nothing(server, tmp_path):
    requests = killed(server, tmp_path, at="/files")
    assert texts(build(server, tmp_path, requests)[0]) == ["WaitingError"] * 3
    assert len(server.batches.batches) == 1
    [waiting] = doubtful(store_in(tmp_path), load_prices(None))
    assert waiting.calls == 3


def test_where_the_endpoint_lists_no_batches_the_calls_count_as_lost(server, tmp_path):
    requests = killed(server, tmp_path, at="/batches")
    server.batches.listed = False
    build(server, tmp_path, requests)
    assert len(server.batches.batches) == 2
    [waiting] = doubtful(store_in(tmp_path), load_prices(None))
    assert waiting.calls == 6


def test_a_batch_that_a_living_process_submits_is_left_to_it(server, tmp_path):
    notes = BatchNotes(store_in(tmp_path, holder=f"another-machine/{os.getpid()}"))
    asked = request(server.url)
    notes.store.note(asked, stage="heard", most=MOST, queued=True)
    notes.note_submitting([asked.request_id], endpoint=server.url)
    results, _ = build(server, tmp_path, [asked])
    assert texts(results) == ["WaitingError"]
    assert not server.batches.batches
