"""kill -9 in every stage and in publish: the trail proves where; a rerun makes up for it."""

import random
import shutil
import signal
from pathlib import Path

import pytest

from pipeline.stages import NAMES
from tests.chaos.books import assert_books_balance
from tests.chaos.conftest import Calm
from tests.chaos.equal import (
    assert_nothing_half_made,
    assert_same_release,
    assert_same_work,
    tree,
    unfinished,
)
from tests.chaos.running import Ended, House, wait_until

pytestmark = pytest.mark.slow

SEED = 20261123
BEFORE_PREFECT = ("hashes", "catalog", "run", "batch")
STAGES = ("ingest", "cut", "shard", *NAMES[NAMES.index("cut") + 1 :], "index")
TABLES = ("coarse", "fine", "instructions", "evidence", "books")
PUBLISHED = (*TABLES, "report.html", "README.md", "manifest.json", "release")


def test_a_build_killed_in_every_stage_ends_as_if_nobody_had_killed_it(
    calm: Calm, house: House
) -> None:
    draw = random.Random(SEED)
    for place in (*BEFORE_PREFECT, *STAGES):
        kill = _point(calm, place, draw)
        ended = house.build(kill=kill)
        _assert_killed(ended, kill)
        wait_until(lambda: not house.alive(), "the end of all it started", seconds=10)
        assert_nothing_half_made(house, calm.house)
        assert_books_balance(house)
    assert house.build().code == 1  # as undisturbed: broken.mp4 is no film
    assert_same_work(house, calm.house)
    assert_books_balance(house)
    assert unfinished(house.work) == []
    assert house.publish().code == 0
    assert_same_release(house, calm.house)


def test_a_publish_killed_anywhere_shows_no_release_and_the_next_one_is_whole(
    calm: Calm, house: House
) -> None:
    shutil.copytree(calm.house.work, house.work)
    draw = random.Random(SEED)
    for place in PUBLISHED:
        kill = _point(calm, f"publish {place}", draw)
        _assert_killed(house.publish(kill=kill), kill)
        assert_books_balance(house)
        if house.release.exists():  # killed after the last rename
            assert_same_release(house, calm.house)
            shutil.rmtree(house.release)
    assert house.publish().code == 0
    assert_same_release(house, calm.house)
    assert unfinished(house.releases) == []
    again = house.publish()
    assert (again.code, "nothing to do" in again.output) == (0, True)


@pytest.mark.parametrize("touch", ["before the old one goes", "before the new one comes"])
def test_a_replacing_publish_that_is_killed_loses_neither_release(
    calm: Calm, house: House, touch: str
) -> None:
    shutil.copytree(calm.house.work, house.work)
    shutil.copytree(calm.house.release, house.release)
    assert house.build("--set", "publish.seed=5").code == 1
    assert house.publish().code == 2  # the same version with other rows
    kill = _rename(house, touch)
    _assert_killed(house.publish("--replace", kill=kill), kill)
    assert house.publish().code == 2  # still the same version with other rows: the old one is back
    assert_same_release(house, calm.house)
    assert house.publish("--replace").code == 0
    assert house.ask("verify", str(house.release))[0] == 0
    assert tree(house.release) != tree(calm.house.release)
    assert unfinished(house.releases) == []


def _rename(house: House, touch: str) -> tuple[str, int]:
    """The first or second rename of a publish that replaces; counted on a copy."""
    copy = House(house.root / "copy", house.sources)
    shutil.copytree(house.work, copy.work)
    shutil.copytree(house.release, copy.release)
    trail = copy.publish("--replace").trail
    place = "publish release"
    renames = [t.number for t in trail if (t.place, t.event) == (place, "os.rename")]
    return place, renames[0 if touch == "before the old one goes" else 1]


def _point(calm: Calm, place: str, draw: random.Random) -> tuple[str, int]:
    """A touch of a place; for three of them not by chance."""
    touches = calm.touches(place)
    number = draw.choice(touches).number
    renames = [touch.number for touch in touches if touch.event == "os.rename"]
    if place == "face":
        number = touches[0].number  # every answer of the workers is here, none is stored
    elif place == "ingest":
        number = renames[0]  # a part of rows and failures, written and not yet to be seen
    elif place == "index":
        number = touches[-1].number  # all is built, not all is counted
    return place, number


def _assert_killed(ended: Ended, kill: tuple[str, int]) -> None:
    """The proof: the last line that the run wrote names the touch it died before."""
    assert ended.code == -signal.SIGKILL, ended.errors
    last = ended.trail[-1]
    assert (last.place, last.number, last.killed) == (*kill, True)
    assert Path(last.name).name == last.name
