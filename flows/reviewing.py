"""`merr review`: puts queues, people and figures together for the command line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.extras import need_review
from flows.session import open_chain
from pipeline.layout import WorkFolder
from review.adjudicating import adjudicate
from review.agreement import Agreement, agreement
from review.argilla import TOOL as ARGILLA
from review.argilla import read_records, write_records
from review.choosing import Choice, choose, pairs
from review.coefficients import Alpha
from review.exporting import export_decisions, export_preferences
from review.gold import read_gold, with_gold
from review.label_studio import TOOL as LABEL_STUDIO
from review.label_studio import read_annotations, write_tasks
from review.outside import OutsideAnswer, take_in
from review.people import invite, person_named
from review.progress import Progress, progress
from review.queues import (
    MOST_NAME,
    Entry,
    Gold,
    Queue,
    QueueKind,
    QueueSettings,
    all_queues,
    fill,
    hand_over,
    open_queue,
    pause,
    queue_named,
)
from review.sources import samples_of_release, samples_of_work
from review.store import ReviewStore, open_store, review_file
from schemas.errors import SetupError
from schemas.review import ReviewMode, Role, ShownSample

_READERS: Final[Mapping[str, Callable[[Path], Iterator[OutsideAnswer]]]] = {
    LABEL_STUDIO: read_annotations,
    ARGILLA: read_records,
}
_WRITERS: Final[Mapping[str, Callable[[ReviewStore, Queue, Path], int]]] = {
    LABEL_STUDIO: write_tasks,
    ARGILLA: write_records,
}


@dataclass(frozen=True)
class QueueRequest:
    """What `merr review queue` was asked."""

    name: str
    mode: ReviewMode
    kind: QueueKind
    reviews: int
    choice: Choice
    release: Path | None  # in place of the work folder
    against: Path | None  # A/B: the release with the other texts
    gold: Path | None
    practice: str | None


@contextmanager
def reviews_of(work: Path, db: str | None) -> Iterator[ReviewStore]:
    """The database of a work folder, or the one at a URL, until the block ends."""
    need_review()
    if db is None and not work.is_dir():
        raise SetupError(f"{work}: is no folder; give the work folder of a build, or --db")
    store = open_store(db, default=review_file(WorkFolder(work)))
    try:
        yield store
    finally:
        store.close()


def make_queue(work: Path, db: str | None, asked: QueueRequest) -> str:
    if not 0 < len(asked.name) <= MOST_NAME:
        raise SetupError(f"--name: a queue's name has 1 to {MOST_NAME} characters")
    chain = open_chain(WorkFolder(work))
    vocabulary = chain.vocabulary
    shown = samples_of_work(chain) if asked.release is None else samples_of_release(asked.release)
    gold = {} if asked.gold is None else read_gold(asked.gold, vocabulary)
    entries = _entries(choose(shown, asked.choice), asked, gold)
    if not entries:
        raise SetupError(f"queue {asked.name}: no sample fits; nothing was made")
    settings = QueueSettings(
        name=asked.name,
        kind=asked.kind,
        mode=asked.mode,
        reviews=asked.reviews,
        seed=asked.choice.seed,
        labels=vocabulary.labels,
        source=f"{asked.release or work}: {asked.choice.model_dump_json()}",
        practice=asked.practice,
    )
    with reviews_of(work, db) as store:
        queue = open_queue(store, settings)
        new = fill(store, queue, entries)
        there = progress(store, queue).items
    return f"queue {queue.name}: {new} samples came new, {there} are in it"


def _entries(
    samples: Sequence[ShownSample], asked: QueueRequest, gold: dict[str, Gold]
) -> list[Entry]:
    if asked.mode == "ab":
        if asked.against is None:
            raise SetupError("--mode ab compares with another release: give --against RELEASE")
        others = samples_of_release(asked.against)
        return [Entry(one, other=other) for one, other in pairs(samples, others)]
    if asked.kind == "practice" and not gold:
        raise SetupError("a practice queue needs answers known beforehand: give --gold TABLE")
    return list(with_gold(samples, gold, alone=asked.kind == "practice"))


def invite_person(work: Path, db: str | None, name: str, role: Role) -> str:
    with reviews_of(work, db) as store:
        token = invite(store, name, role)
    return (
        f"{name} ({role}) may set a password once, within 7 days, at the address that "
        f"`merr review serve` shows, with this in the place of /login:\n/invite#{token}"
    )


def set_paused(work: Path, db: str | None, name: str, *, paused: bool) -> str:
    with reviews_of(work, db) as store:
        pause(store, queue_named(store, name), paused=paused)
    return f"queue {name} is {'paused' if paused else 'open'}"


def hand_queue_over(work: Path, db: str | None, name: str, of: str, to: str) -> str:
    with reviews_of(work, db) as store:
        old, new = person_named(store, of), person_named(store, to)
        moved = hand_over(store, queue_named(store, name), of=old, to=new)
    return f"queue {name}: {moved} drafts of {of} are now with {to}"


def settle(work: Path, db: str | None, name: str) -> str:
    with reviews_of(work, db) as store:
        own, new = adjudicate(store, queue_named(store, name))
    return f"queue {own.name}: {new} disagreements came new; leads settle them"


def all_progress(work: Path, db: str | None) -> list[Progress]:
    with reviews_of(work, db) as store:
        return [progress(store, queue) for queue in all_queues(store)]


def progress_text(found: Sequence[Progress]) -> str:
    if not found:
        return "no queue yet; `merr review queue` makes one"
    return "\n".join(line for one in found for line in _progress_lines(one))


def _progress_lines(one: Progress) -> Iterator[str]:
    yield (
        f"{one.queue}: {one.done} of {one.items} samples done, {one.begun} begun, "
        f"{one.decisions} decisions, {one.leased} in work, {one.flagged} flagged"
    )
    for person in one.people:
        pace = "" if person.median_s is None else f", {person.median_s:.0f} s each"
        gold = f", gold {person.gold_right} of {person.gold_asked}" if person.gold_asked else ""
        yield (
            f"  {person.name} ({person.pseudonym}): {person.decisions} decisions{pace}, "
            f"{person.hours:.1f} h, {person.skipped} skipped{gold}"
        )


def measured(work: Path, db: str | None, queue: str | None, seed: int) -> Agreement:
    with reviews_of(work, db) as store:
        if queue is not None:
            queue_named(store, queue)
        return agreement(store, queue=queue, seed=seed)


def agreement_text(found: Agreement) -> str:
    """Every figure beside what it was counted over."""
    lines = [
        f"counted: labels and texts judged before the machine's answer was shown, "
        f"by {found.people} people, {found.units} clips; not counted, since it was in view: "
        f"{found.anchored_labels} labels, {found.anchored_verdicts} verdicts on texts",
        f"label, the leading one   raw {_share(found.raw)}, alpha {_alpha(found.label)}",
    ]
    if found.fleiss is not None:
        lines.append(
            f"  Fleiss {_number(found.fleiss.kappa)} over {found.fleiss.units} clips with "
            f"{found.fleiss.votes_each} votes each"
        )
    lines += [
        f"  {one.label:<22} raw {_share(one.raw)}, alpha {_alpha(one.alpha)}, {one.votes} votes"
        for one in found.labels
    ]
    lines += [
        f"intensity, ordinal       alpha {_alpha(found.intensity_ordinal)}",
        f"intensity, interval      alpha {_alpha(found.intensity_interval)}",
        f"verdict on the text      raw {_share(found.verdict_raw)}, alpha {_alpha(found.verdict)}",
    ]
    lines += [
        f"  {pair.first} and {pair.second}: Cohen {_number(pair.kappa)}, raw {_share(pair.raw)}, "
        f"{pair.units} clips"
        for pair in found.cohen
    ]
    lines += [
        f"  without {one.person} ({one.votes} votes): alpha {_number(one.without)}, "
        f"vitality {_number(one.vitality, sign='+')}"
        for one in found.vitality
    ]
    marks = found.marks
    if marks.marks:
        lines.append(
            f"marks of claims          raw {_share(marks.raw)} with the machine, over "
            f"{marks.compared} of {marks.marks} marks; {marks.anchored} set with its marks in view"
        )
    return "\n".join(lines)


def _alpha(found: Alpha) -> str:
    if found.value is None:
        return "not defined"
    span = "" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]"
    return f"{found.value:.3f}{span}, {found.units} units"


def _number(value: float | None, *, sign: str = "") -> str:
    return "not defined" if value is None else f"{value:{sign}.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def export_reviews(work: Path, db: str | None, form: str, to: Path, queue: str | None) -> str:
    with reviews_of(work, db) as store:
        if form == "decisions":
            return f"{export_decisions(store, to)} events in {to}"
        if form == "preferences":
            return f"{export_preferences(store, to)} pairs in {to}"
        if queue is None:
            raise SetupError(f"--format {form} is of one queue: give --queue NAME")
        count = _WRITERS[form](store, queue_named(store, queue), to)
        return f"{count} samples of queue {queue} in {to}"


def import_reviews(work: Path, db: str | None, form: str, file: Path, queue: str) -> str:
    """What was stored, and why the rest was not."""
    answers = list(_READERS[form](file))
    with reviews_of(work, db) as store:
        told = take_in(store, queue_named(store, queue), form, answers)
    counts = [f"  {count} {what}" for what, count in told.most_common()]
    return "\n".join([f"{len(answers)} answers in {file}", *counts])
