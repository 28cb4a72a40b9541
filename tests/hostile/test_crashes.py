"""A worker that crashes or hangs at its work costs one clip; the others and the next run go on."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from pipeline.build import Build
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.tally import Tally
from tests.hostile.conftest import GOOD
from tests.hostile.films import another_of, encode, pictures_of
from tests.hostile.houses import FINE, Done, build
from tests.pipeline.workshop import AFTER_MEASURE, Workshop

pytestmark = pytest.mark.slow

LONG = 300  # frames: seconds of work
PATIENCE_S = 1.0


class HastyPool(WorkerPool):
    """Waits for a pipe, which never answers, a second instead of a minute."""

    def call(self, job, payload, *, deadline_s):
        hopeless = Path(payload["path"]).is_fifo()
        return super().call(job, payload, deadline_s=PATIENCE_S if hopeless else deadline_s)


def workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [c for c in children if c.is_running() and "pipeline.worker" in c.cmdline()]


def worker_at(film: Path) -> psutil.Process:
    """The worker that has this film open."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for worker in workers():
            if any(Path(file.path) == film for file in worker.open_files()):
                return worker
        time.sleep(0.005)
    raise AssertionError(f"no worker opened {film.name}")


def begun(folder: Path, work: Path, pool: WorkerPool):
    """A build of the folder up to its clips."""
    chain = Workshop(folder, WorkFolder(work)).open()
    run = Build(chain, pool, Tally(lambda stage, counts: None), lambda line: None)
    (batch,) = chain.batches()
    (shard,) = run.take_in(batch)
    return chain, run, shard


def test_a_codec_that_crashes_costs_its_clip_and_no_other(folder, label, tmp_path):
    sources = shutil.copytree(folder, tmp_path / "sources")
    pictures = pictures_of("surprise")
    long = encode(sources / "long.mp4", (pictures * 5)[:LONG])
    label(sources, "long.mp4")
    already = set(workers())
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as pool:
        chain, run, shard = begun(sources, tmp_path / "work", pool)
        measuring = threading.Thread(target=run.measure, args=(shard,))
        measuring.start()
        worker_at(long).send_signal(signal.SIGSEGV)
        measuring.join()
        run.advance(shard, AFTER_MEASURE)
        done = Done(chain)
        done.check()
        assert done.fate(GOOD) == FINE
        assert done.fate("long.mp4") == ("failed", "CrashError")
        (failure,) = done.failures
        assert failure.stage == "face"
        assert f"by signal {signal.SIGSEGV.value}" in failure.reason
        assert not failure.retryable  # it would only crash again
        assert len(set(workers()) - already) <= 2
    assert set(workers()) - already == set()


def test_a_file_that_hangs_its_worker_costs_its_clip_and_heals_by_itself(folder, label, tmp_path):
    sources = shutil.copytree(folder, tmp_path / "sources")
    film = (sources / GOOD).read_bytes()
    odd = sources / "becomes_a_pipe.mp4"
    odd.write_bytes(another_of(film, 1))
    label(sources, odd.name)
    with HastyPool(1, log=tmp_path / "log", memory_gb=3) as pool:
        chain, run, shard = begun(sources, tmp_path / "work", pool)
        odd.unlink()
        os.mkfifo(odd)  # whoever opens it waits for ever
        run.measure(shard)
        run.advance(shard, AFTER_MEASURE)
        done = Done(chain)
        done.check()
        assert done.fate(GOOD) == FINE
        assert done.fate(odd.name) == ("failed", "DeadlineError")
        odd.unlink()
        odd.write_bytes(another_of(film, 1))
        healed = build(sources, tmp_path / "work", pool)
    assert healed.fate(odd.name) == FINE
    assert healed.failures == []
