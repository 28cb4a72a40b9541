"""A disk without room stops a build with one line; what was made stays, the rest is made later."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.equal import contents
from tests.conftest import DEMO
from tests.hostile.houses import FINE, build

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MERR = Path(sys.executable).with_name("merr")
FILMS = ("smile.mp4", "surprise.mp4")
TOLD = r"merr: [^\n]*(No space left on device|File too large|disk is full|disk I/O error)[^\n]*\n"


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name in FILMS:
        shutil.copy(DEMO / name, folder)
    lines = "".join(f"{name},happy\n" for name in FILMS)
    (folder / "labels.csv").write_text(f"name,label\n{lines}")
    return folder


@pytest.fixture(scope="module")
def undisturbed(sources, pool, tmp_path_factory) -> dict[str, bytes]:
    """Batches, shards and parts of a build that had room, by name."""
    work = tmp_path_factory.mktemp("undisturbed") / "work"
    build(sources, work, pool)
    return contents(work)


def run(*words: object, **more: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False, **more
    )


def files_up_to(size_bytes: int) -> Callable[[], None]:
    """No file may grow beyond this, in the process that calls it and all it starts."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


def check_partial(work: Path, undisturbed: dict[str, bytes]) -> None:
    """What there is, is whole and as it should be; the books know what is missing."""
    made = contents(work)
    assert made == {name: undisturbed[name] for name in made}
    assert not [path for path in work.rglob(".*.tmp") if path.stat().st_size]
    ended = run(MERR, "status", work)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("size_bytes", [1_000, 20_000, 60_000])
def test_a_file_that_may_not_grow_stops_the_build_and_room_completes_it(
    sources, undisturbed, pool, tmp_path, size_bytes
):
    work = tmp_path / "work"
    ended = run(
        *(sys.executable, "-P", "-m", "tests.hostile.alone", sources, work),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=files_up_to(size_bytes),
    )
    assert ended.returncode == 2, ended.stderr
    assert re.fullmatch(TOLD, ended.stderr)
    assert len(contents(work)) < len(undisturbed)
    done = build(sources, work, pool)
    assert all(done.fate(name) == FINE for name in FILMS)
    assert contents(work) == undisturbed


def test_on_a_disk_without_room_the_books_can_be_read(sources, pool, tmp_path):
    work = tmp_path / "work"
    build(sources, work, pool)
    (work / "books.sqlite").unlink(missing_ok=True)
    for command in ("status", "show"):
        words = (MERR, command, work, *(["smile.mp4"] if command == "show" else []))
        ended = run(*words, preexec_fn=files_up_to(0))
        assert (ended.returncode, ended.stderr) == (0, ""), command


def test_a_log_without_room_disturbs_nothing(sources, tmp_path, pool):
    work = tmp_path / "work"
    build(sources, work, pool)
    (work / "merr.log").unlink(missing_ok=True)
    (work / "merr.log").symlink_to("/dev/full")
    ended = run(MERR, "build", sources, "--work", work)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of so many kilobytes; asked again, makes it larger."""
    place = tmp_path / "disk"
    place.mkdir()

    def sized(kilobytes: int) -> Path:
        again = "remount," if place.is_mount() else ""
        options = f"{again}size={kilobytes}k"
        mounted = run("mount", "-t", "tmpfs", "-o", options, "tmpfs", place)
        if mounted.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
        return place

    yield sized
    if place.is_mount():
        run("umount", place)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [16, 100, 180])
def test_a_full_disk_ends_the_command_with_2_and_room_completes_the_work(
    sources, undisturbed, small_disk, pool, tmp_path, kilobytes
):
    work = small_disk(kilobytes) / "work"
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}  # 5 MB, elsewhere
    words = (MERR, "build", sources, "--work", work)
    ended = run(*words, env=environment)
    assert ended.returncode == 2, ended.stderr
    *progress, last = ended.stderr.splitlines(keepends=True)
    assert re.fullmatch(TOLD, last)
    assert not [line for line in progress if "merr: " in line or "Traceback" in line]
    if (work / "run.json").exists():
        check_partial(work, undisturbed)
    small_disk(100_000)
    build(sources, work, pool)
    assert contents(work) == undisturbed
    again = run(*words)
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing to do" in again.stdout


@pytest.mark.slow
def test_a_disk_without_room_for_prefect_is_told_as_such(sources, small_disk):
    work = small_disk(1_000) / "work"
    ended = run(MERR, "build", sources, "--work", work)
    assert ended.returncode == 2
    assert "has 0 MB left, it needs 6" in ended.stderr.splitlines()[-1]
