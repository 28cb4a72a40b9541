"""Limits per endpoint, and the budget."""

import asyncio
import time

import pytest

from pipeline.line import wait_s
from pipeline.pace import Pace
from pipeline.prices import Price, Prices
from schemas.errors import BudgetError, SetupError
from tests.chat.stand_in import Answer, Stall, StandIn, Status
from tests.chat.talk import asker, request, store_in
from tests.chat.test_asking import asked

# A dollar per thousand tokens, so that sums are easy to follow.
DEAR = Prices(
    date="2026-11-25",
    models={"gpt-4o": Price(input=1000.0, output=1000.0, source="made up")},
)


def many(server, count, **fields):
    return [request(server.url, f"{i:03d}", **fields) for i in range(count)]


def test_no_more_calls_are_in_flight_than_allowed(tmp_path):
    with StandIn(latency_s=0.05) as server:
        asked(server, tmp_path, many(server, 20), concurrency=3)
        assert server.most_at_once == 3


def test_requests_per_minute_are_spread_evenly(tmp_path):
    with StandIn() as server:
        started = time.monotonic()
        asked(server, tmp_path, many(server, 6), requests_per_minute=600)
        assert time.monotonic() - started >= 0.5


def test_tokens_per_minute_count_the_question_and_the_most_it_may_answer(tmp_path):
    with StandIn() as server:
        started = time.monotonic()
        requests = many(server, 4, max_output_tokens=1000)
        asked(server, tmp_path, requests, tokens_per_minute=120_000)  # 0.5 s each
        assert time.monotonic() - started >= 1.5


def test_a_pace_never_lets_more_through_in_any_minute():
    pace = Pace(60)
    waits = [pace.wait_s(1) for _ in range(100)]
    assert waits[0] == 0
    assert waits[60] == pytest.approx(60, abs=0.1)


def test_waits_double_up_to_a_minute_and_are_never_the_same_for_all():
    waits = [wait_s(3, first_s=1.0) for _ in range(200)]
    assert 4 <= min(waits) < max(waits) <= 8
    assert len(set(waits)) > 100
    assert wait_s(1000, first_s=1.0) <= 60


def test_a_budget_of_tokens_stops_before_it_is_exceeded(tmp_path):
    answer = Answer("x", prompt_tokens=40, output_tokens=10)
    with StandIn(lambda c: answer, latency_s=0.02) as server:
        requests = many(server, 40, max_output_tokens=10)
        results = asked(server, tmp_path, requests, budget_tokens=1000, concurrency=4)
        stopped = [r for r in results if isinstance(r, BudgetError)]
        done = len(results) - len(stopped)
        # The worst case of one more (3 bytes, frames, 10 out) no longer fits; nothing was wasted.
        assert 950 - 77 < done * 50 <= 1000
        assert len(server.calls) == done
        assert "budget_tokens is 1000 tokens" in str(stopped[0])


def test_a_budget_in_money_counts_calls_in_flight_at_their_worst(tmp_path):
    answer = Answer("x", prompt_tokens=40, output_tokens=10)  # 0.05 USD
    with StandIn(lambda c: answer, latency_s=0.05) as server:
        requests = many(server, 30, max_output_tokens=900)  # at worst 0.97 USD each
        results = asked(server, tmp_path, requests, budget_usd=2.0, concurrency=30, prices=DEAR)
        done = [r for r in results if not isinstance(r, BudgetError)]
        assert server.most_at_once <= 2
        assert 20 <= len(done) <= 22
        assert "budget_usd is 2 USD" in str(next(r for r in results if isinstance(r, BudgetError)))


def test_a_rerun_does_not_get_a_new_budget(tmp_path):
    answer = Answer("x", prompt_tokens=90, output_tokens=10)
    with StandIn(lambda c: answer) as server:
        requests = many(server, 5, max_output_tokens=10)
        asked(server, tmp_path, requests, budget_tokens=550)
        results = asked(server, tmp_path, many(server, 10, max_output_tokens=10), budget_tokens=550)
        assert sum(isinstance(r, BudgetError) for r in results) == 5
        assert len(server.calls) == 5
        more = asked(server, tmp_path, many(server, 10, max_output_tokens=10), budget_tokens=2000)
        assert not any(isinstance(r, BudgetError) for r in more)


def test_a_call_that_may_have_been_paid_counts_at_its_worst(tmp_path):
    with StandIn(lambda c: Stall(30)) as server:
        [error] = asked(
            server, tmp_path, many(server, 1, max_output_tokens=100),
            budget_tokens=250, timeout_s=0.2, retries=5,
        )  # fmt: skip
        assert isinstance(error, BudgetError)
        assert len(server.calls) == 1  # 3 bytes, two frames of 32, 100 out: no room for another


def test_a_failure_that_costs_nothing_takes_nothing_from_the_budget(tmp_path):
    def script(call):
        return Status(500) if call.number < 4 else Answer("x", prompt_tokens=10)

    with StandIn(script) as server:
        [answer] = asked(
            server, tmp_path, many(server, 1, max_output_tokens=100), budget_tokens=200
        )
        assert answer.text == "x"


def test_an_answer_without_usage_counts_at_its_worst(tmp_path):
    raw = b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"model":"gpt-4o"}'
    from tests.chat.stand_in import Raw

    with StandIn(lambda c: Raw(raw)) as server:
        requests = many(server, 3, max_output_tokens=100)
        results = asked(server, tmp_path, requests, budget_tokens=400, concurrency=1)
        assert [isinstance(r, BudgetError) for r in results] == [False, False, True]


def test_a_budget_in_money_needs_a_price(tmp_path):
    with StandIn() as server:
        [error] = asked(server, tmp_path, [request(server.url, model="own")], budget_usd=5.0)
        assert type(error) is SetupError
        assert "what own costs is not known" in str(error)
        assert not server.calls


def test_past_calls_of_unknown_price_stop_a_budget_in_money_at_once(tmp_path):
    with StandIn() as server:
        asked(server, tmp_path, [request(server.url, model="own")])

        async def go():
            async with asker(tmp_path, budget_usd=5.0):
                pass

        with pytest.raises(SetupError, match="what own costs is not known"):
            asyncio.run(go())
    assert store_in(tmp_path).in_flight() == []
