"""An engine in another process: asked over pipes, replaced when it hangs or dies."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from annotators.models.leash import leashed
from annotators.models.side_process import SideCommand, SideProcess
from schemas.errors import (
    AnnotationError,
    ClipError,
    CrashError,
    DeadlineError,
    SetupError,
    TransientError,
    UnexpectedError,
)
from tests.annotators.models.side_engines import engine

PYTHON = Path(sys.executable)
PATIENT_S = 60.0
ROOT = Path(__file__).parents[3]


@pytest.fixture
def start(tmp_path):
    """Makes side processes of the engine that acts as told, and ends them."""
    made = []

    def start(**how):
        options = how.pop("options", {})
        given = {"python": PYTHON, "script": engine(tmp_path), "start_s": PATIENT_S} | how
        made.append(SideProcess(SideCommand(name="stand-in", options=options, **given)))
        return made[-1]

    yield start
    for process in made:
        process.close()


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(true, seconds=20.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def test_an_engine_is_started_once_and_answers_whatever_it_prints(start):
    side = start()
    first = side.ask({"number": 2}, deadline_s=PATIENT_S)
    assert first["twice"] == 4
    assert side.ask({"number": 3}, deadline_s=PATIENT_S) == {"pid": first["pid"], "twice": 6}
    assert side.versions() == {"engine": "1.0"}


def test_one_that_hangs_is_ended_with_all_it_started_and_started_anew(start):
    side = start()
    told = side.ask({"child": True}, deadline_s=PATIENT_S)
    with pytest.raises(DeadlineError, match="stand-in: gave no answer within 0 s"):
        side.ask({"hang": True}, deadline_s=0.3)
    wait_until(lambda: gone(told["pid"]) and gone(told["child"]))
    again = side.ask({"number": 1}, deadline_s=PATIENT_S)
    assert again["twice"] == 2
    assert again["pid"] != told["pid"]


def test_one_that_dies_costs_one_question(start):
    side = start()
    with pytest.raises(CrashError, match="ended by signal 9"):
        side.ask({"kill": True}, deadline_s=PATIENT_S)
    assert side.ask({"number": 1}, deadline_s=PATIENT_S)["twice"] == 2


def test_one_killed_between_two_questions_costs_none(start):
    side = start()
    pid = side.ask({"number": 1}, deadline_s=PATIENT_S)["pid"]
    psutil.Process(pid).kill()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # all of its threads are gone
    assert side.ask({"number": 1}, deadline_s=PATIENT_S)["twice"] == 2


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        ({"break": True}, UnexpectedError, "ValueError: cannot be done"),
        ({"refuse": True}, TransientError, "busy"),
        ({"list": True}, AnnotationError, "no JSON object"),
    ],
)
def test_what_the_engine_says_is_an_error_of_its_kind(start, ask, error, says):
    side = start()
    with pytest.raises(error, match=says) as caught:
        side.ask(ask, deadline_s=PATIENT_S)
    assert type(caught.value) is error
    assert side.ask({"number": 1}, deadline_s=PATIENT_S)["twice"] == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fail": True}, "RuntimeError: no weights"),
        ({"die": True}, "ended with exit code 7 before it was ready"),
        ({"hang": True}, "no answer within 2 s before it was ready"),
    ],
)
def test_an_engine_that_cannot_start_stops_the_run(start, options, says):
    side = start(options=options, start_s=2 if "hang" in options else PATIENT_S)
    with pytest.raises(SetupError, match=says):
        side.ask({"number": 1}, deadline_s=PATIENT_S)


def test_what_nobody_named_comes_with_its_traceback(start):
    with pytest.raises(UnexpectedError) as caught:
        start().ask({"break": True}, deadline_s=PATIENT_S)
    assert 'raise ValueError("cannot be done")' in caught.value.traceback


def test_an_environment_that_is_not_there_names_the_command_that_makes_it(start, tmp_path):
    side = start(python=tmp_path / "no" / "python")
    with pytest.raises(SetupError, match="merr engines install stand-in"):
        side.versions()


def test_another_protocol_is_refused(start, tmp_path):
    speaks = tmp_path / "python"  # whatever it is asked to run, it says hello in another version
    speaks.write_text('#!/bin/sh\necho \'{"protocol": 99, "versions": {}}\'\nsleep 1000\n')
    speaks.chmod(0o755)
    with pytest.raises(SetupError, match="speaks protocol 99, not 2"):
        start(python=speaks).versions()


def test_nonsense_in_the_place_of_an_answer_is_refused(start, tmp_path):
    speaks = tmp_path / "python"
    speaks.write_text(
        '#!/bin/sh\necho \'{"protocol": 2, "versions": {}}\'\nread line\necho "half a li"\n'
    )
    speaks.chmod(0o755)
    with pytest.raises(AnnotationError, match="is no JSON"):
        start(python=speaks).ask({"number": 1}, deadline_s=PATIENT_S)


def test_an_engine_has_a_memory_limit_of_its_own(start):
    side = start(memory_bytes=1 << 30)
    assert side.ask({"take": 1 << 28}, deadline_s=PATIENT_S) == {"taken": 1 << 28}
    with pytest.raises(ClipError, match="MemoryError"):
        side.ask({"take": 2 << 30}, deadline_s=PATIENT_S)


def test_what_is_on_a_leash_dies_with_who_started_it(tmp_path):
    sleeper = [sys.executable, "-c", "import time; time.sleep(1000)"]
    starts = f"""
import subprocess, sys, time
sys.path.insert(0, {str(ROOT)!r})
from annotators.models.leash import leashed
child = subprocess.Popen(leashed({sleeper!r}, memory_bytes=None))
print(child.pid, flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        wait_until(lambda: psutil.Process(pid).cmdline() == sleeper)
        parent.kill()
    wait_until(lambda: gone(pid))


def test_a_program_that_is_not_there_is_told_as_a_shell_does(tmp_path):
    line = leashed([str(tmp_path / "nothing")], memory_bytes=None)
    done = subprocess.run(line, capture_output=True, check=False)
    assert done.returncode == 127
    assert b"nothing: No such file" in done.stderr


def test_the_workers_limit_of_threads_is_not_that_of_an_engine():
    say = "import os; print(os.environ.get('OMP_THREAD_LIMIT'), os.environ['OMP_NUM_THREADS'])"
    line = leashed([sys.executable, "-c", say], memory_bytes=None)
    worker = os.environ | {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "3"}
    done = subprocess.run(line, capture_output=True, check=True, text=True, env=worker)
    assert done.stdout.split() == ["None", "3"]


def test_what_a_leash_gets_is_handed_on_untouched(tmp_path):
    words = ["a b", "é", "$HOME", "--flag"]
    say = "import sys; print(sys.argv[1:])"
    line = leashed([sys.executable, "-c", say, *words], memory_bytes=1 << 30)
    done = subprocess.run(line, capture_output=True, check=True, text=True, env=dict(os.environ))
    assert done.stdout.strip() == str(words)
