"""Shards are measured on while earlier ones wait for answers, within bounds."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from flows.build_flow import SHARDS_TOLD, _bounded
from schemas.errors import SetupError


class Task:
    """What `_bounded` uses of a Prefect future."""

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future

    @property
    def state(self) -> "Task":
        return self

    def is_final(self) -> bool:
        return self._future.done()

    def result(self) -> Any:
        return self._future.result(30)


def submitting(
    pool: ThreadPoolExecutor, measure: Callable[[int], None], tell: Callable[[int], None]
) -> Callable[[Any], tuple[Any, Any]]:
    def submit(number: Any) -> tuple[Any, Any]:
        measured = pool.submit(measure, number)
        return Task(measured), Task(pool.submit(lambda: (measured.result(), tell(number))))

    return submit


def test_later_shards_are_measured_while_earlier_ones_wait_for_answers():
    ahead = threading.Event()
    measured: list[int] = []

    def measure(number: int) -> None:
        measured.append(number)
        if len(measured) >= 5:
            ahead.set()

    with ThreadPoolExecutor(20) as pool:
        tell = lambda number: ahead.wait(30) or pytest.fail("nothing was measured ahead")  # noqa: E731
        _bounded(submitting(pool, measure, tell), range(6))
    assert sorted(measured) == list(range(6))


def test_not_more_shards_wait_than_are_allowed():
    open_shards, most, lock = set(), [0], threading.Lock()

    def measure(number: int) -> None:
        with lock:
            open_shards.add(number)
            most[0] = max(most[0], len(open_shards))

    def tell(number: int) -> None:
        time.sleep(0.03)
        open_shards.discard(number)

    with ThreadPoolExecutor(40) as pool:
        _bounded(submitting(pool, measure, tell), range(30))
    assert 1 < most[0] <= SHARDS_TOLD


def test_a_shard_that_failed_stops_the_run_before_all_are_measured():
    measured: list[int] = []

    def tell(number: int) -> None:
        raise SetupError("the key is rejected")

    with ThreadPoolExecutor(40) as pool, pytest.raises(SetupError):
        _bounded(submitting(pool, measured.append, tell), range(200))
    assert len(measured) < 100
