"""A worker process dies at its work: one clip fails, and trying again heals it."""

import signal

import pytest

from tests.chaos.books import assert_books_balance
from tests.chaos.conftest import Calm
from tests.chaos.equal import assert_same_release, assert_same_work
from tests.chaos.running import House

pytestmark = pytest.mark.slow


def test_a_killed_worker_costs_one_clip_and_trying_again_heals_it(calm: Calm, house: House) -> None:
    assert house.build("--until", "cut").code == 1  # broken.mp4 is no film
    assert house.ask("accept", str(house.work))[0] == 0
    with house.running(*house.build_arguments("--jobs", "1")) as run:
        run.measuring().send_signal(signal.SIGKILL)
        assert run.end().code == 1
    books = house.status()
    assert [(f["stage"], f["error"]) for f in books["failures"]] == [("face", "CrashError")]
    assert "signal 9" in books["failures"][0]["reason"]
    assert books["stages"]["face"]["done"] == books["clips"] - 1
    assert books["stages"]["peak"]["pending"] == 0  # the others went on
    assert_books_balance(house)

    again = house.build()
    assert (again.code, "nothing to do" in again.output) == (1, True)  # it would only crash again
    assert house.build("--retry-failed").code == 0
    assert house.status()["failures"] == []
    assert_books_balance(house)
    assert_same_work(house, calm.house)
    assert house.publish().code == 0
    assert_same_release(house, calm.house)
