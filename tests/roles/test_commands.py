"""The installed command, asking a server: `merr build`, killed and started again, keys, batches."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows.session import open_chain
from pipeline.layout import WorkFolder
from tests.chat.stand_in import StandIn, Status
from tests.pipeline.workshop import Workshop
from tests.roles.actor import good
from tests.roles.crowd import make_crowd
from tests.roles.house import KEY, KEY_ENV, ROLES, everything_in, release_of

MERR = str(Path(sys.executable).with_name("merr"))
AT_ONCE = 4


def command(shop: Workshop, url: str, *more: str) -> list[str]:
    values = [f"chat.base_url={url}", "chat.model=tiny", f"chat.key_env={KEY_ENV}"]
    values += [f"run.chat.concurrency={AT_ONCE}", *(f"{role}.engine=chat" for role in ROLES)]
    chosen = [word for value in values for word in ("--set", value)]
    return [MERR, "build", str(shop.sources), "--work", str(shop.work.root), *chosen, *more]


def run(shop: Workshop, url: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(shop, url, *more),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {KEY_ENV: KEY},
        cwd=shop.sources.parent,
        timeout=580,
    )


def kill_when(claim, running: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 500
    while not claim():
        assert running.poll() is None, "the build ended before it was killed"
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


@pytest.mark.slow
def test_a_killed_build_repeats_at_most_the_calls_in_flight(crowd_once, tmp_path):
    with StandIn(good, key=KEY, latency_s=0.2) as server:
        calm = crowd_once.copy_to(tmp_path / "calm")
        done = run(calm, server.url)
        assert done.returncode == 0, done.stderr
        server.answered.clear()
        server.calls.clear()
        killed = crowd_once.copy_to(tmp_path / "killed")
        running = subprocess.Popen(
            command(killed, server.url),
            env=os.environ | {KEY_ENV: KEY},
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        kill_when(lambda: len(server.calls) >= 3 * AT_ONCE, running)
        seen_before = {call.digest for call in server.calls}
        again = run(killed, server.url)
        assert again.returncode == 0, again.stderr
        digests = [call.digest for call in server.calls]
        assert len(digests) - len(set(digests)) <= AT_ONCE
        assert seen_before < set(digests)
    left, right = (release_of(open_chain(shop.work), tmp_path / shop.work.root.parent.name)
                   for shop in (calm, killed))  # fmt: skip
    assert left == right
    left_log = everything_in(tmp_path) + done.stdout.encode() + done.stderr.encode()
    assert KEY.encode() not in left_log


@pytest.mark.slow
def test_a_build_by_batches_says_what_was_submitted_and_ends_well(crowd_once, tmp_path):
    shop = crowd_once.copy_to(tmp_path)
    with StandIn(good, key=KEY) as server:
        first = run(shop, server.url, "--batch")
        assert first.returncode == 0, first.stderr
        assert "24 calls submitted in batches; run merr build again" in first.stdout
        waiting = run(shop, server.url, "--batch")
        assert "24 calls of earlier builds still wait in batches" in waiting.stdout
        server.batches.finish()
        assert "24 calls submitted in batches" in run(shop, server.url, "--batch").stdout
        server.batches.finish()
        assert "submitted" not in run(shop, server.url, "--batch").stdout
        assert server.batches.lines_run == 48


@pytest.mark.slow
def test_many_clips_survive_random_errors(tmp_path):
    """200 clips, one call in twenty fails: none is lost, no answer is asked for twice."""
    shop = Workshop(make_crowd(tmp_path / "sources", 200), WorkFolder(tmp_path / "work"))
    dice, lock = random.Random(5), threading.Lock()

    def script(call):
        with lock:
            bad = dice.random() < 0.05
        return Status(500) if bad else good(call)

    with StandIn(script, key=KEY) as server:
        done = run(shop, server.url, "--set", "run.chat.first_wait_s=0.05")
        assert done.returncode == 0, done.stderr
        assert max(server.answered.values()) == 1
        # Two pictures of nearly one shade may measure alike: then one question serves both.
        assert 390 <= sum(server.answered.values()) <= 400
        assert len(server.calls) > sum(server.answered.values())
    for stage in ("seen", "clues"):
        assert re.search(rf"^{stage} +200 +200 +0 +0 +0", done.stdout, re.M)
