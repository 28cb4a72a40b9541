"""A review house with real clips, several queues and people, served on a port of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.chain import Chain
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from review.media_folder import MediaFolder
from review.people import accept_invitation, invite
from review.preparing import PreparedTracks, prepare
from review.queues import Entry, Gold, Queue, QueueSettings, fill, open_queue
from review.serving import make_server, open_house
from review.sources import samples_of_work
from review.store import ReviewStore, open_store
from schemas.clues import ClaimCheck
from schemas.parquet import atomic_path
from schemas.review import ShownSample
from schemas.sample import text_hash_of
from schemas.speech import Cue, Word

PASSWORD = "correct horse battery"  # noqa: S105  of people who do not exist
PEOPLE = (("ann", "annotator"), ("bo", "annotator"), ("李雷", "annotator"), ("lea", "lead"))
LABELS = ("neutral", "angry", "happy", "sad", "worried", "surprise", "fear", "contempt", "doubt")
FOREIGN = "你好，见到你我很高兴"


@dataclass(frozen=True)
class Stage:
    url: str
    store: ReviewStore
    samples: tuple[ShownSample, ...]

    def queue(self, name: str, entries, **settings) -> Queue:
        told = {"name": name, "labels": LABELS, "source": "a browser test", "seed": 3}
        queue = open_queue(self.store, QueueSettings(**(told | settings)))
        fill(self.store, queue, [e if isinstance(e, Entry) else Entry(e) for e in entries])
        return queue


def prepared(chain: Chain, pool: WorkerPool) -> None:
    """Media and tracks, as `merr review prepare` makes them."""
    folder = MediaFolder.of(chain.work)
    done = prepare(chain, folder, pool, clip_ids=None)
    assert not done.failed, done.failed
    for sample in samples_of_work(chain):
        _with_words(folder, sample.clip.clip_id)


def _with_words(folder: MediaFolder, clip_id: str) -> None:
    """Words as an aligning engine gives them: most timed and sure, one unsure, one without time."""
    path = folder.path(clip_id, "tracks")
    kept = PreparedTracks.model_validate_json(path.read_bytes())
    told = kept.tracks.words
    if told is None or told.words:
        return
    parts = told.text.split()
    step = kept.tracks.clip_s / (len(parts) + 1)
    words = tuple(
        Word(
            text=text,
            start_s=None if i == 2 else round(step * (i + 0.5), 2),
            end_s=None if i == 2 else round(step * (i + 1.3), 2),
            probability=(0.95, 0.62, 0.3)[i % 3],
            speaker=None,
        )
        for i, text in enumerate(parts)
    )
    tracks = kept.tracks.model_copy(
        update={
            "words": told.model_copy(
                update={"words": words, "cues": (Cue(start_s=0.2, end_s=1, text=told.text),)}
            )
        }
    )
    with atomic_path(path) as new:
        new.write_text(kept.model_copy(update={"tracks": tracks}).model_dump_json(), "utf-8")


def another_text(sample: ShownSample, text: str) -> ShownSample:
    told = sample.told.model_copy(update={"text": text, "text_hash": text_hash_of(text)})
    return sample.model_copy(update={"told": told})


def disputed(sample: ShownSample) -> ShownSample:
    """With a claim that the evidence contradicts, and foreign words beside their translation."""
    claims = sample.told.claims or ()
    wrong = ClaimCheck(
        clue=0,
        claim="the brows are drawn together",
        modality="face",
        words="brows are drawn together",
        verdict="contradicted",
        evidence=("face.AU04",),
        frame_index=10,
        start_s=0.8,
        end_s=1.4,
        proxy=True,
        reason="AU04 (brow lowerer) stays below 0.2 in these frames",
    )
    clip = sample.clip.model_copy(update={"spoken": FOREIGN, "spoken_en": "Hello, I am glad"})
    told = sample.told.model_copy(update={"claims": (*claims, wrong)})
    return ShownSample(clip=clip, told=told)


def gold(sample: ShownSample, label: str) -> Entry:
    return Entry(sample, gold=Gold((label,), "The lip corners rise and the voice is lively."))


@contextmanager
def served(work: WorkFolder, database: Path, samples: tuple[ShownSample, ...]) -> Iterator[Stage]:
    store = open_store(None, default=database)
    for name, role in PEOPLE:
        accept_invitation(store, invite(store, name, role), PASSWORD)
    port = free_port()
    server = make_server(open_house(work, store), host="127.0.0.1", port=port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Stage(f"http://127.0.0.1:{port}", store, samples)
    finally:
        server.should_exit = True
        thread.join()
        store.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
