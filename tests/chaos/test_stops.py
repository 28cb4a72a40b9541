"""Ctrl-C, a kill in the middle of the work, and two at once on one work folder."""

import signal
import time

import pytest

from tests.chaos.books import assert_books_balance
from tests.chaos.conftest import Calm
from tests.chaos.equal import assert_nothing_half_made, assert_same_release, assert_same_work
from tests.chaos.running import Ended, House, wait_until

pytestmark = pytest.mark.slow

GONE_S = 5.0  # so long may what a run started outlive it


def test_ctrl_c_ends_a_build_in_one_line_and_leaves_no_process(calm: Calm, house: House) -> None:
    with house.running(*house.build_arguments()) as run:
        run.measuring()
        run.interrupt()
        ended = run.end()
        wait_until(lambda: not house.alive(), "the end of all it started", seconds=GONE_S)
    _assert_said_why(ended, 130, "stopped")
    _assert_goes_on(house, calm)


def test_ctrl_c_while_prefect_starts_ends_it_too(house: House) -> None:
    with house.running(*house.build_arguments()) as run:
        wait_until(lambda: len(house.alive()) > 1, "Prefect's server")
        run.interrupt()
        ended = run.end()
        wait_until(lambda: not house.alive(), "the end of all it started", seconds=GONE_S)
    _assert_said_why(ended, 130, "stopped")
    assert_books_balance(house)


def test_ctrl_c_waits_for_no_file_that_hangs_its_worker(house: House) -> None:
    with house.running(*house.build_arguments("--jobs", "1")) as run:
        wait_until(lambda: bool(run.workers()), "the first worker")
        run.workers()[0].send_signal(signal.SIGSTOP)  # as a file does that nobody can decode
        time.sleep(0.5)
        run.interrupt()
        wait_until(lambda: run.process.poll() is not None, "the end", seconds=GONE_S)
        _assert_said_why(run.end(), 130, "stopped")
        wait_until(lambda: not house.alive(), "the end of all it started", seconds=GONE_S)
    assert_books_balance(house)


def test_nothing_outlives_a_build_that_is_killed_at_its_work(calm: Calm, house: House) -> None:
    with house.running(*house.build_arguments()) as run:
        run.measuring()
        assert len(house.alive()) > 2  # it, workers, the server
        run.process.kill()
        assert run.end().code == -signal.SIGKILL
        wait_until(lambda: not house.alive(), "the end of all it started", seconds=GONE_S)
    _assert_goes_on(house, calm)


def test_a_second_run_on_a_work_folder_refuses_and_the_first_ends_well(
    calm: Calm, house: House
) -> None:
    with house.running(*house.build_arguments()) as first:
        first.measuring()
        first.process.send_signal(signal.SIGSTOP)  # so that it cannot end before the others ask
        before = house.work.joinpath("run.json").read_bytes()
        for second in (house.build("--set", "peak.k=5"), house.publish()):
            _assert_said_why(second, 2, "another merr works here")
        assert house.ask("accept", str(house.work))[0] == 2
        assert house.work.joinpath("run.json").read_bytes() == before
        assert_books_balance(house)  # whoever only looks may
        first.process.send_signal(signal.SIGCONT)
        assert first.end().code == 1  # as undisturbed: broken.mp4 is no film
    assert_same_work(house, calm.house)


def _assert_goes_on(house: House, calm: Calm) -> None:
    """What is there is whole, and the same command again makes the rest."""
    assert_nothing_half_made(house, calm.house)
    assert_books_balance(house)
    assert house.build().code == 1  # as undisturbed: broken.mp4 is no film
    assert_same_work(house, calm.house)
    assert house.publish().code == 0
    assert_same_release(house, calm.house)


def _assert_said_why(ended: Ended, code: int, why: str) -> None:
    """In one line, the last; above it may stand progress, never a traceback."""
    assert ended.code == code
    *progress, last = ended.errors.splitlines()
    assert last.startswith("merr: ")
    assert why in last
    assert not [line for line in progress if "merr: " in line or "Traceback" in line]
