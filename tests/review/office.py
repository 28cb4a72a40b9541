"""A review office of few words: samples, a clock that stands still, people, a queue."""

import itertools
from dataclasses import dataclass

from review.deciding import Ticket
from review.handout import Handout, next_item
from review.people import Person, invite, person_named
from review.queues import Entry, Queue, QueueSettings, fill, open_queue
from review.store import ReviewStore
from schemas.clip import clip_id_of
from schemas.maker import Maker
from schemas.review import Answer, ShownClip, ShownSample, ShownText
from schemas.sample import sample_id_of, text_hash_of

LABELS = ("happy", "sad", "angry", "neutral")
_NUMBERS = itertools.count()


class StillClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_764_000_000_000

    def __call__(self) -> int:
        return self.now

    def pass_by(self, *, minutes: float) -> None:
        self.now += int(minutes * 60_000)


def sample(number=0, *, text=None, label="happy", tier="coarse", conclusion=None, **told):
    clip_id = clip_id_of(f"video{number}", 0, 2_000_000)
    text = text or f"Text {number} of a machine."
    shown = ShownText(
        sample_id=sample_id_of(clip_id, tier, "reason"),
        tier=tier,
        text_hash=text_hash_of(text),
        text=text,
        **{
            "made_by": Maker(engine="hand", version="1"),
            "label": label,
            "label_source": "given",
            "confidence": None,
            "own_label": None,
            "clues": (),
            "conclusion": conclusion,
            "claims": None,
            "flags": (),
            "disputed": False,
        }
        | told,
    )
    clip = ShownClip(
        clip_id=clip_id,
        video_id=f"video{number}",
        name=f"film{number}.mp4",
        start_us=0,
        end_us=2_000_000,
        peak_index=None,
        peak_t_s=None,
        spoken=None,
        spoken_en=None,
        tone=None,
        scene=None,
        items=(),
    )
    return ShownSample(clip=clip, told=shown)


def queue_of(store: ReviewStore, entries=1, **settings) -> Queue:
    """A queue over samples 0, 1, ... or over given ones."""
    told = {"name": "first", "labels": LABELS, "source": "a test"} | settings
    queue = open_queue(store, QueueSettings(**told))
    samples = [sample(i) for i in range(entries)] if isinstance(entries, int) else entries
    fill(store, queue, [s if isinstance(s, Entry) else Entry(s) for s in samples])
    return queue


def person(store: ReviewStore, name="ann", role="annotator") -> Person:
    """Invited, without a password: argon2 takes its time."""
    invite(store, name, role)
    return person_named(store, name)


def ticket(handout: Handout, request_id: str | None = None) -> Ticket:
    return Ticket(
        handout.item_id,
        handout.lease_id,
        handout.version,
        request_id or f"request {next(_NUMBERS)}",
    )


def handed(store: ReviewStore, who: Person, queue: Queue) -> Handout:
    found = next_item(store, who, queue.queue_id)
    assert isinstance(found, Handout), found
    return found


def accepted(label="happy", **changes) -> Answer:
    return Answer(**({"labels": (label,), "verdict": "accept", "seconds": 12.5} | changes))


@dataclass(frozen=True)
class Office:
    store: ReviewStore
    clock: StillClock
