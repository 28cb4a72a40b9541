"""kill -9 while calls are in flight; and keys, which must be nowhere."""

import logging
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pipeline.prices import load_prices
from pipeline.spending import doubtful
from tests.chat.stand_in import Answer, Stall, StandIn, Status
from tests.chat.talk import KEY, request, store_in
from tests.chat.test_asking import asked

ROOT = Path(__file__).parents[2]
COUNT = 60


def start(folder, url):
    command = [sys.executable, "-m", "tests.chat.stubborn", str(folder), url, str(COUNT)]
    return subprocess.Popen(command, cwd=ROOT)


@pytest.mark.parametrize(
    "after", [pytest.param(3, marks=pytest.mark.slow), 17, pytest.param(40, marks=pytest.mark.slow)]
)
def test_a_kill_repeats_at_most_the_calls_in_flight_and_they_are_listed(tmp_path, after):
    stalls = {"on": True}

    def script(call):
        return Stall(60) if stalls["on"] and call.number >= after else Answer(call.text)

    with StandIn(script, key=KEY) as server:
        process = start(tmp_path, server.url)
        while sum(server.answered.values()) < after or server.at_once < 4:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        sent = Counter(call.text for call in server.calls)
        listed = {note.request_id for note in store_in(tmp_path).in_flight()}
        assert len(listed) == 4
        stored = {str(i) for i in range(COUNT) if _is_stored(tmp_path, server.url, i)}
        assert len(stored) == after

        stalls["on"] = False
        again = start(tmp_path, server.url)
        assert again.wait(120) == 0
        total = Counter(call.text for call in server.calls)
        repeated = {text for text in sent if total[text] > sent[text]}
        assert {request(server.url, text).request_id for text in repeated} == listed
        assert not stored & repeated
        assert all(_is_stored(tmp_path, server.url, i) for i in range(COUNT))
    store = store_in(tmp_path)
    assert store.in_flight() == []
    assert sum(lost.calls for lost in doubtful(store, load_prices(None))) == 4


def _is_stored(folder, url, i):
    return store_in(folder).get(request(url, str(i)).request_id) is not None


def test_keys_are_in_no_file_no_log_and_no_error(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)

    def script(call):
        said = f"you sent {call.headers.get('authorization')}"
        acts = [Answer(said), Status(400, said), Status(500, said), Answer(None, refusal=said)]
        return acts[int(call.text) % 4]

    with StandIn(script, key=KEY) as server:
        requests = [request(server.url, str(i)) for i in range(8)]
        told = asked(server, tmp_path, requests, retries=1)
        told += asked(server, tmp_path, [request(server.url, "9")], key="sk-wrong-but-secret")
    shown = "".join(f"{t!r} {t} {getattr(t, '__dict__', '')}" for t in told) + caplog.text
    assert "you sent Bearer [key]" in shown
    assert "rejects the key" in shown
    files = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"you sent Bearer [key]" in files
    for key in (KEY, "sk-wrong-but-secret"):
        assert key not in shown
        assert key.encode() not in files
