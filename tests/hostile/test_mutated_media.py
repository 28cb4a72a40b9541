"""Five hundred broken files go through the real build: each comes back once, none ends the run."""

import random
import time
from collections import Counter

import psutil
import pytest

from pipeline.pool import WorkerPool
from tests.hostile.conftest import GOOD
from tests.hostile.films import encode, pictures_of
from tests.hostile.houses import FINE, build
from tests.hostile.mutate import mutants
from tests.pipeline.media_files import Film, make_film

pytestmark = pytest.mark.slow

SEED = 20261123
EACH = 100  # below 200, from where a stage stops a run whose clips fail
KNOWN = {"DecodeError", "ClipError", "AnnotationError", "CrashError", "DeadlineError"}
ENDS_S = 120.0


def seed_of(suffix: str, folder) -> bytes:
    if suffix == ".jpg":
        import cv2

        picture = cv2.cvtColor(pictures_of("smile")[40], cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", picture)[1].tobytes()
    if suffix == ".mp4":  # with a face, so that the models work on what is left
        return encode(folder / "seed.mp4", pictures_of("smile")[20:32]).read_bytes()
    return make_film(folder / f"seed{suffix}", Film(frames=12, click_s=0.2)).read_bytes()


def workers() -> set[psutil.Process]:
    return {c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".jpg"])
def test_files_mutated_at_random_come_back_once_each_and_end_no_run(
    folder, label, tmp_path, suffix
):
    draw = random.Random(f"{SEED}{suffix}")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / GOOD).write_bytes((folder / GOOD).read_bytes())
    names = [f"{number:03d}{suffix}" for number in range(EACH)]
    for name, data in zip(names, mutants(seed_of(suffix, tmp_path), EACH, draw), strict=True):
        (sources / name).write_bytes(data)
    label(sources, *names)
    before, started = workers(), time.monotonic()
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as pool:
        done = build(sources, tmp_path / "work", pool)  # which checks the books, and for bugs
        assert len(workers() - before) <= 2
    assert workers() - before == set()
    assert time.monotonic() - started < ENDS_S
    assert set(done.fates) == {GOOD, *names}
    assert done.fate(GOOD) == FINE
    states = Counter(done.fate(name)[0] for name in names)
    assert states.total() == EACH
    assert set(states) <= {"released", "rejected", "failed"}
    assert states["failed"] >= 3, "the files were not broken"
    assert states["failed"] < EACH, "no file got as far as the models"
    assert {failure.error for failure in done.failures} <= KNOWN
