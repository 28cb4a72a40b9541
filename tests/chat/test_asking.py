"""The asker on every bad day of an endpoint."""

import asyncio
import random
import time
from collections import Counter

import pytest

from schemas.errors import (
    ContextTooLongError,
    CutAnswerError,
    EmptyAnswerError,
    EndpointDownError,
    MediaRefusedError,
    MissingAnswerError,
    ModeUnsupportedError,
    RefusedError,
    SetupError,
    TransientError,
)
from tests.chat.stand_in import Answer, Cut, Raw, Stall, StandIn, Status
from tests.chat.talk import asker, request, store_in


def asked(server, folder, requests=None, **settings):
    """What came of each request: its answer or its error, in order."""

    async def go():
        async with asker(folder, **settings) as made:
            ask = made.of_stage("heard")
            calls = [ask(r) for r in requests or [request(server.url)]]
            return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(go())


def first(act, times, then=None):
    """A script: so many times this, then the other."""
    return lambda call: act if call.number < times else then or Answer("good")


def test_an_answer_is_stored_and_never_asked_for_again(tmp_path):
    with StandIn(lambda c: Answer(f"answer {c.number}")) as server:
        [one] = asked(server, tmp_path)
        [again] = asked(server, tmp_path)
        assert one == again
        assert one.text == "answer 0"
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    "act",
    [
        Status(500),
        Status(503, headers={"retry-after": "0"}),
        Status(429),
        Status(429, headers={"retry-after": "0.05"}),
        Cut(),
        Raw(b"<html>bad gateway</html>"),
        Raw(b'{"choices": [{"message": {"con'),
    ],
)
def test_what_passes_is_tried_again(tmp_path, act):
    with StandIn(first(act, 2)) as server:
        [answer] = asked(server, tmp_path)
        assert answer.text == "good"
        assert len(server.calls) == 3


def test_a_stall_costs_one_try_and_is_remembered_as_perhaps_paid(tmp_path):
    with StandIn(first(Stall(30), 1)) as server:
        started = time.monotonic()
        [answer] = asked(server, tmp_path, timeout_s=0.3)
        assert answer.text == "good"
        assert time.monotonic() - started < 10
    from pipeline.prices import load_prices
    from pipeline.spending import doubtful

    [lost] = doubtful(store_in(tmp_path), load_prices(None))
    assert lost.calls == 1


def test_retry_after_is_honoured_by_all_calls_to_the_endpoint(tmp_path):
    with StandIn(first(Status(429, headers={"retry-after": "1"}), 1)) as server:
        started = time.monotonic()
        requests = [request(server.url, str(i)) for i in range(4)]
        answers = asked(server, tmp_path, requests, concurrency=1)
        assert [a.text for a in answers] == ["good"] * 4
        assert time.monotonic() - started >= 1.0
        assert len(server.calls) == 5


def test_a_retry_after_longer_than_the_run_waits_stops_it_with_the_reason(tmp_path):
    with StandIn(lambda c: Status(429, headers={"retry-after": "3600"})) as server:
        [error] = asked(server, tmp_path)
        assert isinstance(error, EndpointDownError)
        assert "asks to wait 3600 s" in str(error)
        assert len(server.calls) == 1


def test_one_request_that_always_fails_costs_itself_and_nothing_else(tmp_path):
    def script(call):
        return Status(500) if call.text == "bad" else Answer("good")

    with StandIn(script) as server:
        requests = [request(server.url, text) for text in ("bad", "a", "b", "c")]
        bad, *rest = asked(server, tmp_path, requests, retries=3)
        assert type(bad) is TransientError
        assert [a.text for a in rest] == ["good"] * 3
        assert Counter(call.text for call in server.calls)["bad"] == 4


# While it is down one call at a time tries it; of calls that come too fast each waits by itself.
@pytest.mark.parametrize(("act", "most"), [(Status(500), 20), (Status(429), 20 * 10), (Cut(), 20)])
def test_an_endpoint_that_stays_down_stops_the_run_with_the_reason(tmp_path, act, most):
    with StandIn(lambda c: act) as server:
        requests = [request(server.url, str(i)) for i in range(20)]
        started = time.monotonic()
        errors = asked(server, tmp_path, requests, outage_s=0.7, retries=50)
        assert {type(e) for e in errors} == {EndpointDownError}
        assert "gave no answer for" in str(errors[0])
        assert time.monotonic() - started < 8
        assert len(server.calls) < most


def test_after_an_outage_the_rest_is_answered_and_nothing_is_lost(tmp_path):
    down = {"is": False}

    def script(call):
        return Status(503) if down["is"] else Answer(call.text)

    with StandIn(script) as server:
        requests = [request(server.url, str(i)) for i in range(30)]

        async def go():
            async with asker(tmp_path, concurrency=4, outage_s=30) as made:
                ask = made.of_stage("heard")
                await asyncio.gather(*[ask(r) for r in requests[:10]])
                down["is"] = True
                rest = [asyncio.create_task(ask(r)) for r in requests[10:]]
                await asyncio.sleep(0.5)
                assert not any(task.done() for task in rest)
                down["is"] = False
                return await asyncio.gather(*rest)

        answers = asyncio.run(go())
        assert [a.text for a in answers] == [str(i) for i in range(10, 30)]
        assert max(server.answered.values()) == 1


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Answer(None, refusal="I cannot help with that"), RefusedError),
        (Answer("", finish_reason="content_filter"), RefusedError),
        (Answer('{"answer": "yes"}', finish_reason="length"), CutAnswerError),
        (Answer('{"answer": "yes"}', finish_reason=None), CutAnswerError),
        (Answer(""), EmptyAnswerError),
        (Answer("  \n"), EmptyAnswerError),
        (Answer(None), EmptyAnswerError),
    ],
)
def test_a_useless_answer_is_an_error_but_was_paid_so_it_is_not_asked_twice(tmp_path, act, kind):
    with StandIn(lambda c: act) as server:
        for _ in range(2):
            [error] = asked(server, tmp_path)
            assert type(error) is kind
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Status(400, "", "context_length_exceeded"), ContextTooLongError),
        (Status(400, "Invalid image"), MediaRefusedError),
        (Status(401, "no"), SetupError),
        (Status(404, "no such model"), SetupError),
    ],
)
def test_a_refused_request_is_not_tried_again_and_not_remembered(tmp_path, act, kind):
    with StandIn(first(act, 1)) as server:
        [error] = asked(server, tmp_path)
        assert type(error) is kind
        assert len(server.calls) == 1
        [answer] = asked(server, tmp_path)
        assert answer.text == "good"


def test_answers_of_another_model_are_refused_and_do_not_stand_in_the_way(tmp_path):
    with StandIn(first(Answer("wrong", model="llama3"), 1, Answer("right"))) as server:
        [error] = asked(server, tmp_path)
        assert type(error) is SetupError
        assert "asked for gpt-4o, llama3 answered" in str(error)
        [answer] = asked(server, tmp_path)
        assert answer.text == "right"


@pytest.mark.parametrize("served", ["gpt-4o-2024-08-06", "models/gpt-4o", "alias"])
def test_the_same_model_under_a_longer_name_is_the_same(tmp_path, served):
    with StandIn(lambda c: Answer("right", model=served)) as server:
        [answer] = asked(server, tmp_path, served_as=("alias",))
        assert answer.served_model == served


def test_a_smaller_model_of_the_family_is_another(tmp_path):
    with StandIn(lambda c: Answer("wrong", model="gpt-4o-mini")) as server:
        [error] = asked(server, tmp_path)
        assert type(error) is SetupError


def test_an_endpoint_without_schemas_says_so_once_and_a_replay_hears_it_too(tmp_path):
    act = Status(400, "response_format json_schema is not supported")

    def script(call):
        return act if "response_format" in call.body else Answer("good")

    with StandIn(script) as server:
        schema = request(server.url, mode="schema", answer_schema_json="{}")
        plain = request(server.url)
        for _ in range(2):
            error, answer = asked(server, tmp_path, [schema, plain])
            assert type(error) is ModeUnsupportedError
            assert answer.text == "good"
        assert len(server.calls) == 2
    error, answer = asked(server, tmp_path, [schema, plain], replay=True)
    assert type(error) is ModeUnsupportedError
    assert answer.text == "good"


def test_equal_requests_at_the_same_time_are_one_call(tmp_path):
    with StandIn(latency_s=0.2) as server:
        answers = asked(server, tmp_path, [request(server.url)] * 10)
        assert len(set(answers)) == 1
        assert len(server.calls) == 1


def test_a_caller_that_gives_up_does_not_lose_the_answer(tmp_path):
    with StandIn(latency_s=0.3) as server:

        async def go():
            async with asker(tmp_path) as made:
                ask = made.of_stage("heard")
                task = asyncio.create_task(ask(request(server.url)))
                await asyncio.sleep(0.15)
                task.cancel()
                await asyncio.sleep(1)

        asyncio.run(go())
    assert store_in(tmp_path).get(request(server.url).request_id) is not None


def test_a_replay_gives_the_same_and_asks_nobody(tmp_path):
    with StandIn(lambda c: Answer(c.text)) as server:
        requests = [request(server.url, str(i)) for i in range(5)]
        answers = asked(server, tmp_path, requests)
    assert asked(server, tmp_path, requests, replay=True) == answers
    assert asked(server, tmp_path, requests, connected=False) == answers


def test_a_replay_that_lacks_answers_says_how_many(tmp_path):
    with StandIn() as server:
        known = [request(server.url, str(i)) for i in range(5)]
        asked(server, tmp_path, known)
    unknown = [request(server.url, f"new {i}") for i in range(3)]
    errors = asked(server, tmp_path, known + unknown, replay=True)[5:]
    assert {type(e) for e in errors} == {MissingAnswerError}
    assert all("lacks 3 of 8 answers" in str(e) for e in errors)


def test_five_percent_random_failures_lose_nothing_and_repeat_no_received_answer(tmp_path):
    chance = random.Random(20261125)

    def script(call):
        return Status(500) if chance.random() < 0.05 else Answer(call.text)

    with StandIn(script) as server:
        requests = [request(server.url, str(i)) for i in range(200)]
        answers = asked(server, tmp_path, requests, outage_s=60)
        assert [a.text for a in answers] == [str(i) for i in range(200)]
        assert len(server.answered.keys()) == 200
        assert set(server.answered.values()) == {1}
        assert len(server.calls) > 200
