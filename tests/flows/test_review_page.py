"""`merr review prepare` and `merr review serve`, as they are typed."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from pipeline.layout import WorkFolder
from review.queues import Entry, QueueSettings, fill, open_queue
from review.sources import samples_of_release, samples_of_work
from review.store import open_store, review_file
from tests.pipeline.workshop import Workshop
from tests.review.browser.stage import free_port

pytestmark = pytest.mark.slow
MERR = (sys.executable, "-c", "from flows.cli import main; main()", "review")


def merr(*arguments):
    done = subprocess.run((*MERR, *map(str, arguments)), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def queued(chain, samples=None):
    store = open_store(None, default=review_file(chain.work))
    queue = open_queue(store, QueueSettings(name="first", labels=("happy",), source="a test"))
    fill(store, queue, [Entry(sample) for sample in samples or samples_of_work(chain)])
    store.close()


def test_what_is_queued_is_prepared_and_nothing_else(workshop):
    chain = workshop.open()
    code, said = merr("prepare", chain.work.root)
    assert (code, said) == (
        0,
        "no queue has clips yet: merr review queue makes one, --all prepares every clip\n",
    )
    queued(chain)
    code, said = merr("prepare", chain.work.root, "--jobs", 1)
    assert code == 0
    assert "0 were there" in said
    code, said = merr("prepare", chain.work.root)
    assert said.startswith("prepared 0 clips")


def test_clips_of_a_release_get_what_it_carries_of_them(release, sources, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "other.mp4").write_bytes((sources / "smile.mp4").read_bytes()[:1000])
    chain = Workshop(folder, WorkFolder(tmp_path / "work")).open()
    shown = list(samples_of_release(release))
    queued(chain, shown)
    clips = len({sample.clip.clip_id for sample in shown})
    code, said = merr("prepare", chain.work.root, "--jobs", 1)
    assert (code, said.splitlines()[0]) == (0, "prepared 0 clips, 0 were there")
    assert f"{clips} clips of queues are not in this work folder: --from RELEASE" in said
    code, said = merr("prepare", chain.work.root, "--jobs", 1, "--from", release)
    assert (code, said) == (0, f"prepared {clips} clips, 0 were there\n")


def test_the_page_is_served_until_it_is_stopped(workshop):
    chain = workshop.open()
    port = free_port()
    command = (*MERR, "serve", str(chain.work.root), "--port", str(port))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout.readline() == f"http://127.0.0.1:{port}/login\n"
        assert "merr review invite" in serving.stdout.readline()
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport) as http:
            assert http.get(f"http://127.0.0.1:{port}/login").status_code == 200
        serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 130


def test_a_port_that_is_taken_is_named_before_an_address_is_shown(workshop):
    chain = workshop.open()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = merr("serve", chain.work.root, "--port", port)
    assert code == 2
    assert f"--port {port}: cannot be listened at: Address already in use" in said
    assert "http" not in said


def test_what_is_no_work_folder_is_not_served(tmp_path):
    code, said = merr("serve", tmp_path)
    assert code == 2
    assert "no work folder" in said
