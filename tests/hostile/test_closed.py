"""A playlist dressed as a film: no process of a build opens the files and addresses it names."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flows.session import open_chain
from pipeline.layout import WorkFolder
from tests.hostile.conftest import GOOD
from tests.hostile.houses import FINE, Done
from tests.hostile.spies import Listener, OpenWatch, spied, spied_environment
from tests.pipeline.media_files import Film, make_film, refer_elsewhere

TRAPS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}/a.ts\n#EXTINF:5,\n"
    "{secret}\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    "hls.mkv": '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}/b.m3u8\n#EXT-X-MAP:URI="{secret}"\n',
    "dash.mp4": '<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet><Representation>'
    "<BaseURL>{url}/c.mp4</BaseURL></Representation><Representation><BaseURL>{secret}</BaseURL>"
    "</Representation></AdaptationSet></Period></MPD>",
    "concat.avi": "ffconcat version 1.0\nfile '{secret}'\nfile '{url}/d.mp4'\n",
    "session.mov": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=control:{url}/e\n",
    "drawing.jpg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/f.png"/>'
    '<image href="file://{secret}"/></svg>',
    "page.webm": "<!DOCTYPE html><html><video src='{url}/g.mp4'></video></html>",
}


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A film that nobody put into the sources."""
    return make_film(tmp_path_factory.mktemp("elsewhere") / "secret.mov", Film(frames=50))


@pytest.fixture(scope="module")
def watch(secret):
    try:
        watch = OpenWatch(secret)
    except OSError as e:
        pytest.skip(str(e))
    yield watch
    watch.close()


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def traced(folder, label, secret, watch, listener, tmp_path_factory):
    """The folder after a build of it, and the folder of what its processes opened."""
    facts = {
        "secret": secret, "port": listener.port, "url": f"http://127.0.0.1:{listener.port}"
    }  # fmt: skip
    for name, text in TRAPS.items():
        (folder / name).write_text(text.format(**facts))
    refer_elsewhere(make_film(folder / "tracks_elsewhere.mov", Film(sound=False)), secret)
    label(folder)
    watch.opened()
    spies = tmp_path_factory.mktemp("spies")
    work = folder.parent / "work"
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "tests.hostile.alone", str(folder), str(work)],
        env=spied_environment(spies),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    return Done(open_chain(WorkFolder(work))), spied(spies)


def test_every_trap_is_refused_as_what_it_is_and_the_good_film_is_made(traced):
    done, _ = traced
    done.check()
    assert done.fate(GOOD) == FINE
    for name in TRAPS:
        assert done.fate(name) == ("failed", "DecodeError")
        (failure,) = done.failures_of(name)
        assert failure.reason.startswith("is text"), name


def test_no_process_opened_the_file_that_the_traps_name(traced, watch, secret, listener):
    assert watch.opened() == 0
    secret.read_bytes()
    assert watch.opened() == 1  # so it would have been seen


def test_no_process_called_the_address_that_the_traps_name(traced, listener):
    assert not listener.visited()
    socket.create_connection(("127.0.0.1", listener.port)).close()
    assert listener.visited()  # so it would have been seen


def test_every_process_opens_of_the_sources_only_the_files_themselves(traced, folder, secret):
    _, trail = traced
    assert {event for _, event, _ in trail} == {"open"}  # nobody was called, no name looked up
    processes = {process for process, _, what in trail if what == str(folder / "hls.mp4")}
    assert len(processes) >= 2  # who hashed it and a worker: the spies sit in both
    assert str(secret) not in {what for _, _, what in trail}
    inside = {Path(what) for _, _, what in trail if what.startswith(str(folder))}
    assert inside <= {folder, *folder.iterdir()}
