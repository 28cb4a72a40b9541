"""Simulated reviewers, each a thread with its own connection and session, at the real server."""

import gc
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import select

from benchmarks.reviewer import LABELS, Reviewer
from pipeline.layout import WorkFolder
from review.people import accept_invitation, invite, log_in
from review.queues import Entry, Queue, QueueSettings, fill, open_queue
from review.store import ReviewStore, open_store
from review.tables import events, items, standing
from schemas.clip import clip_id_of
from schemas.maker import Maker
from schemas.review import ShownClip, ShownSample, ShownText
from schemas.sample import sample_id_of, text_hash_of

WORDS = ("lips", "part", "brows", "rise", "while", "the", "voice", "grows", "louder", "falls")
PASSWORD = "a password of nobody"  # noqa: S105


def sample(number: int) -> ShownSample:
    """A text as long as MERR's fine ones (about 120 words)."""
    draw = random.Random(number)
    text = f"Sample {number}: " + " ".join(draw.choices(WORDS, k=120))
    clip_id = clip_id_of(f"video{number}", 0, 3_000_000)
    told = ShownText(
        sample_id=sample_id_of(clip_id, "fine", "reason"),
        tier="fine",
        text_hash=text_hash_of(text),
        text=text,
        made_by=Maker(engine="benchmark", version="1"),
        label=draw.choice(LABELS),
        label_source="given",
        confidence=None,
        own_label=None,
        clues=(),
        conclusion=None,
        claims=None,
        flags=(),
        disputed=draw.random() < 0.2,
    )
    clip = ShownClip(
        clip_id=clip_id,
        video_id=f"video{number}",
        name=f"{number}.mp4",
        start_us=0,
        end_us=3_000_000,
        peak_index=10,
        peak_t_s=0.4,
        spoken=None,
        spoken_en=None,
        tone=None,
        scene=None,
        items=(),
    )
    return ShownSample(clip=clip, told=told)


@contextmanager
def server(work: Path, db: str | None, port: int) -> Iterator[subprocess.Popen]:
    started = start(work, db, port)
    try:
        yield started
    finally:
        started.terminate()
        started.wait()


def start(work: Path, db: str | None, port: int) -> subprocess.Popen:
    code = "from benchmarks.reviewers import serve; serve()"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", code, str(work), str(port), db or ""]
    process = subprocess.Popen(command, env=environment)
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/hello", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit("the server did not start within a minute")


def serve() -> None:
    """The process of the server: `merr review serve` without a build beside it."""
    from flows.cli import OBJECTS_BETWEEN_SWEEPS
    from review.serving import make_server, open_house
    from review.store import review_file

    work, port, db = WorkFolder(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3] or None
    gc.set_threshold(OBJECTS_BETWEEN_SWEEPS)
    store = open_store(db, default=review_file(work))
    make_server(open_house(work, store), host="127.0.0.1", port=port).run()


def open_place(work: Path, db: str | None, samples: int, reviews: int) -> tuple[ReviewStore, Queue]:
    from review.store import review_file

    store = open_store(db, default=review_file(WorkFolder(work)))
    settings = QueueSettings(name="load", labels=LABELS, source="benchmark", reviews=reviews)
    queue = open_queue(store, settings)
    fill(store, queue, (Entry(sample(number)) for number in range(samples)))
    return store, queue


def tokens(store: ReviewStore, count: int) -> dict[str, str]:
    found = {}
    for number in range(count):
        name = f"reviewer {number}"
        accept_invitation(store, invite(store, name), PASSWORD)
        found[name] = log_in(store, name, PASSWORD, address="here").token
    return found


def faults(store: ReviewStore, reviewers: list[Reviewer], samples: int, reviews: int) -> list[str]:
    """What is not as it must be: nothing, always."""
    with store.read() as db:
        kept = db.execute(select(events.c.request_id).where(events.c.kind == "decide")).scalars()
        stored = Counter(kept)
        done = list(db.execute(select(items.c.done)).scalars())
        stands = db.execute(select(standing.c.item_id, standing.c.person_id)).all()
    acknowledged = {request for reviewer in reviewers for request in reviewer.acknowledged}
    told = []
    if lost := acknowledged - stored.keys():
        told.append(f"{len(lost)} acknowledged decisions are lost")
    if max(stored.values(), default=0) > 1:
        told.append("a decision is stored twice")
    if max(done) > reviews:
        told.append(f"a sample has {max(done)} reviews of {reviews}")
    if len(done) != samples or sum(done) != samples * reviews:
        told.append(f"{sum(done)} reviews of {samples * reviews}")
    if len(set(stands)) != len(stands) or len(stands) != sum(stored.values()):
        told.append("decisions that stand are not those that were made")
    return told


@dataclass(frozen=True)
class Load:
    samples: int = 2000
    reviewers: int = 15
    reviews: int = 2
    think: float = 0.0  # s, at most
    kill: float = 0.0  # s between two kills; 0: none
    db: str | None = None


@dataclass(frozen=True)
class Outcome:
    decisions: int
    seconds: float
    kills: int
    refused: dict[int, int]  # by status
    sent_again: int
    waits_s: list[float]  # sorted
    faults: list[str]

    def wait_ms(self, percent: int) -> float:
        return statistics.quantiles(self.waits_s, n=100)[percent - 1] * 1000


def load(wanted: Load) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store, queue = open_place(work, wanted.db, wanted.samples, wanted.reviews)
        port = free_port()
        reviewers = [
            Reviewer(port, name, token, queue.queue_id, wanted.think)
            for name, token in tokens(store, wanted.reviewers).items()
        ]
        started, kills = run(work, wanted, port, reviewers)
        seconds = time.perf_counter() - started
        broken = faults(store, reviewers, wanted.samples, wanted.reviews)
        store.close()
    return Outcome(
        decisions=sum(len(reviewer.acknowledged) for reviewer in reviewers),
        seconds=seconds,
        kills=kills,
        refused=dict(sum((reviewer.refused for reviewer in reviewers), Counter())),
        sent_again=sum(reviewer.down for reviewer in reviewers),
        waits_s=sorted(wait for reviewer in reviewers for wait in reviewer.waits_s),
        faults=broken,
    )


def run(work: Path, wanted: Load, port: int, reviewers: list[Reviewer]) -> tuple[float, int]:
    """Until all is decided; with --kill the server is killed (-9) again and again meanwhile."""
    process = start(work, wanted.db, port)
    stop, kills = threading.Event(), 0
    threads = [threading.Thread(target=reviewer.work, args=(stop,)) for reviewer in reviewers]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(wanted.kill or 0.2)
        if wanted.kill and any(thread.is_alive() for thread in threads):
            process.send_signal(signal.SIGKILL)
            process.wait()
            process, kills = start(work, wanted.db, port), kills + 1
    process.terminate()
    process.wait()
    return started, kills


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
