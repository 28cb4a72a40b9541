"""The pool: real worker processes that hang, crash, run out of memory and are told to stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from pipeline.container import MediaLimits
from pipeline.pool import StoppedError, WorkerPool
from schemas.errors import (
    ClipError,
    CrashError,
    DeadlineError,
    DecodeError,
    SetupError,
    TransientError,
    UnexpectedError,
)
from tests.pipeline.media_files import Film, make_film

ROOT = Path(__file__).parents[2]
HANGS = 300.0  # a deadline that no test waits for


@pytest.fixture
def pool(tmp_path):
    with WorkerPool(1, log=tmp_path / "log", memory_gb=2) as pool:
        yield pool


@pytest.fixture
def film(tmp_path):
    return make_film(tmp_path / "film.mp4", Film(frames=5))


@pytest.fixture
def pipe(tmp_path):
    """A file that nobody writes to: whoever opens it waits."""
    os.mkfifo(tmp_path / "pipe.mp4")
    return tmp_path / "pipe.mp4"


def probe(pool, path, deadline_s=HANGS):
    payload = {
        "path": str(path),
        "video_id": "v",
        "size_bytes": 1,
        "limits": MediaLimits().model_dump(mode="json"),
    }
    return pool.call("probe", payload, deadline_s=deadline_s)


@pytest.fixture
def workers():
    """Lists the worker processes that were started since the test began."""
    before = {child.pid for child in psutil.Process().children()}

    def listed():
        return [
            child
            for child in psutil.Process().children()
            if child.pid not in before
            and child.status() != psutil.STATUS_ZOMBIE
            and "pipeline.worker" in child.cmdline()
        ]

    return listed


def wait_until(true, seconds=20.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def in_background(call):
    """(thread, errors it ended with)."""
    errors = []

    def work():
        try:
            call()
        except Exception as e:  # noqa: BLE001  whatever it is, the test looks at it
            errors.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, errors


def test_a_job_answers_and_its_worker_lives_on(workers, pool, film):
    assert probe(pool, film)["fps"] == 25
    first = workers()
    assert probe(pool, film)["fps"] == 25
    assert workers() == first
    assert len(first) == 1


def test_no_worker_starts_before_it_is_needed(workers, pool):
    assert workers() == []


def test_a_broken_file_is_an_error_of_its_kind_and_costs_no_worker(workers, pool, film, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    probe(pool, film)
    before = workers()
    with pytest.raises(DecodeError, match="text"):
        probe(pool, tmp_path / "text.mp4")
    with pytest.raises(DecodeError, match="cannot be read"):
        probe(pool, tmp_path / "lost.mp4")
    assert workers() == before


def test_an_error_that_nobody_named_keeps_its_traceback(pool, film):
    with pytest.raises(UnexpectedError, match="KeyError") as caught:
        pool.call("no such job", {}, deadline_s=HANGS)
    assert "Traceback" in caught.value.traceback
    assert probe(pool, film)["fps"] == 25


def test_a_worker_that_hangs_is_replaced_and_the_next_call_works(workers, pool, film, pipe):
    probe(pool, film)
    (hung,) = workers()
    with pytest.raises(DeadlineError, match="no answer within 1 s"):
        probe(pool, pipe, deadline_s=1)
    assert not hung.is_running() or hung.status() == psutil.STATUS_ZOMBIE
    assert probe(pool, film)["fps"] == 25
    assert workers() != [hung]


def test_a_worker_killed_in_the_middle_costs_one_call(workers, pool, film, pipe):
    thread, errors = in_background(lambda: probe(pool, pipe))
    wait_until(lambda: len(workers()) == 1)
    workers()[0].send_signal(signal.SIGKILL)
    thread.join(20)
    assert [type(e) for e in errors] == [CrashError]
    assert "ended by signal 9" in str(errors[0])
    assert probe(pool, film)["fps"] == 25


def test_a_worker_killed_between_calls_costs_no_call(workers, pool, film):
    probe(pool, film)
    worker = workers()[0]
    worker.send_signal(signal.SIGSEGV)
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # all of its threads are gone
    assert probe(pool, film)["fps"] == 25


def test_a_file_that_needs_more_memory_than_allowed_costs_no_other(tmp_path, film):
    large = tmp_path / "large.png"
    Image.new("L", (8000, 8000)).save(large)
    with WorkerPool(1, log=tmp_path / "log", memory_gb=0.25) as pool:
        with pytest.raises(ClipError) as caught:
            probe(pool, large)
        assert not isinstance(caught.value, UnexpectedError), caught.value.traceback
        assert probe(pool, film)["fps"] == 25
    with WorkerPool(1, log=tmp_path / "log", memory_gb=2) as pool:
        assert probe(pool, large)["width_px"] == 8000


def test_closing_ends_a_call_that_runs_and_a_call_that_waits(workers, pool, pipe):
    running, first = in_background(lambda: probe(pool, pipe))
    wait_until(lambda: len(workers()) == 1)
    waiting, second = in_background(lambda: probe(pool, pipe))
    pool.close()
    for thread in (running, waiting):
        thread.join(20)
        assert not thread.is_alive()
    assert [type(e) for e in first + second] == [StoppedError, StoppedError]
    assert workers() == []


def test_a_closed_pool_takes_no_call(pool, film):
    probe(pool, film)
    pool.close()
    for _ in range(2):
        with pytest.raises(StoppedError):
            probe(pool, film)


def test_at_the_end_no_worker_is_left(workers, tmp_path, film):
    with WorkerPool(2, log=tmp_path / "log", memory_gb=2) as pool:
        threads = [in_background(lambda: probe(pool, film)) for _ in range(4)]
        for thread, errors in threads:
            thread.join(20)
            assert errors == []
        assert len(workers()) == 2
    assert workers() == []


def test_leaving_in_a_hurry_ends_calls_that_run(workers, tmp_path, pipe):
    with WorkerPool(2, log=tmp_path / "log", memory_gb=2) as pool:
        calls = [in_background(lambda: probe(pool, pipe)) for _ in range(2)]
        wait_until(lambda: len(workers()) == 2)
    for thread, errors in calls:
        thread.join(20)
        assert [type(e) for e in errors] == [StoppedError]


JOBS = """
import os
from pipeline.jobs import JOBS
from schemas.errors import ClipError, SetupError, TransientError

def refuse(payload):
    raise {
        "setup": SetupError, "transient": TransientError, "clip": ClipError, "memory": MemoryError,
    }[payload["how"]](payload["why"])

def hear(payload):
    from annotators.models.voice import load_voice
    import numpy as np

    before = len(os.listdir("/proc/self/task"))
    load_voice()()(np.zeros(512, np.float32))
    return len(os.listdir("/proc/self/task")) - before

def talk(payload):
    os.write(1, b"noise")
    print("more noise")
    return payload

JOBS |= {"refuse": refuse, "talk": talk, "hear": hear, "abort": lambda payload: os.abort()}
"""


@pytest.fixture
def own_jobs(tmp_path, monkeypatch):
    """Workers that also know the jobs above."""
    (tmp_path / "sitecustomize.py").write_text(JOBS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.parametrize(
    ("how", "error"),
    [("setup", SetupError), ("transient", TransientError), ("clip", ClipError)],
)
def test_an_error_keeps_its_kind_and_its_first_line(own_jobs, pool, how, error):
    with pytest.raises(error, match=r"^say so$") as caught:
        pool.call("refuse", {"how": how, "why": "say so\nand more"}, deadline_s=HANGS)
    assert type(caught.value) is error


def test_a_job_out_of_memory_says_which_setting_gives_it_more(own_jobs, pool):
    with pytest.raises(ClipError, match=r"run\.worker_memory_gb"):
        pool.call("refuse", {"how": "memory", "why": ""}, deadline_s=HANGS)


def test_what_a_library_prints_goes_to_the_log_and_not_between_answers(own_jobs, pool, tmp_path):
    for number in range(2):
        assert pool.call("talk", {"n": number}, deadline_s=HANGS) == {"n": number}
    pool.close()
    assert "noise" in (tmp_path / "log").read_text()


def test_a_library_that_aborts_costs_one_call(own_jobs, pool):
    with pytest.raises(CrashError, match="signal 6"):
        pool.call("abort", {}, deadline_s=HANGS)
    assert pool.call("talk", {}, deadline_s=HANGS) == {}


def test_a_worker_ends_when_its_supervisor_is_gone():
    worker = subprocess.Popen(
        [sys.executable, "-m", "pipeline.worker", str(1 << 31)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    worker.stdin.close()
    assert worker.wait(20) == 3


def test_looking_for_a_voice_starts_no_threads(own_jobs, tmp_path):
    with WorkerPool(1, log=tmp_path / "log", memory_gb=2) as pool:
        assert pool.call("hear", {}, deadline_s=60) == 0
