"""The books: whatever is missing or broken, what entered a stage is what came of it."""

import os

import pytest

from pipeline.books_table import book_rows, counted, found_at_source
from pipeline.build import Build
from pipeline.index import CountIndex
from pipeline.keys import Key
from pipeline.parts import Counts, Part, write_part
from pipeline.stages import BY_NAME, NAMES, STAGES
from pipeline.status import StageBooks, keep_books, problems
from pipeline.tally import Tally
from schemas.failure import Failure, Rejection
from schemas.peak import Stills
from tests.pipeline.workshop import Workshop, books_of, check_balance


def check_outcomes(chain):
    """The rows that a release would say agree with the books, subject by subject."""
    outcomes = list(book_rows(chain, {}))
    ids = [(o.subject, o.id) for o in outcomes]
    assert len(set(ids)) == len(ids)
    states, _, _ = counted(outcomes)
    found = found_at_source(chain)
    assert {subject: sum(states.get(subject, {}).values()) for subject in found} == found
    books = books_of(chain)
    assert found["file"] == books.files["found"]
    assert found["video"] == books.files["videos"]
    released = sum(o.subject == "clip" and o.state == "released" for o in outcomes)
    assert released == books.stages["coarse"].done
    return outcomes


def part_paths(workshop):
    return sorted((workshop.work.root / "parts").rglob("*.parquet"))


@pytest.mark.parametrize("stage", NAMES)
def test_without_the_parts_of_a_stage_its_clips_are_pending_and_the_books_balance(workshop, stage):
    whole = books_of(workshop.open()).stages[stage]
    for part in part_paths(workshop):
        if part.parent.name == stage:
            part.unlink()
    chain = workshop.open()
    books = books_of(chain)
    if stage not in ("ingest", "cut"):  # what is gone there takes the shards with it
        check_balance(books)
        check_outcomes(chain)
        assert books.stages[stage].pending == whole.entered
    assert books.pending > 0


def test_the_books_of_a_finished_build_agree_with_its_outcomes(built):
    chain = built.open()
    outcomes = check_outcomes(chain)
    fates = {o.id: (o.state, o.tier, o.reason) for o in outcomes if o.subject == "file"}
    assert fates == {
        "broken.mp4": ("failed", None, "DecodeError"),
        "goodbye.mp4": ("released", "fine", None),
        "notes.pdf": ("other_kind", None, None),
        "rocket.mp4": ("rejected", None, "no_face"),
        "smile.mp4": ("released", "fine", None),
        "surprise.mp4": ("released", "fine", None),
        "the_same.mp4": ("released", "fine", None),
    }


def test_before_anything_is_made_everything_is_pending(sources, tmp_path):
    chain = fresh(sources, tmp_path).open()
    books = books_of(chain)
    check_balance(books)
    check_outcomes(chain)
    assert (books.stages["ingest"].pending, books.clips) == (5, 0)


def fresh(sources, tmp_path):
    from pipeline.layout import WorkFolder

    return Workshop(sources, WorkFolder(tmp_path / "fresh"))


def test_after_the_intake_clips_wait_for_their_first_stage(sources, pool, tmp_path):
    chain = fresh(sources, tmp_path).open()
    build = Build(chain, pool, Tally(lambda stage, tally: None), lambda line: None)
    build.probe_only(chain.batches()[0])
    books = books_of(chain)
    check_balance(books)
    assert (books.stages["ingest"].pending, books.stages["cut"].pending) == (0, 4)
    build.take_in(chain.batches()[0])
    books = books_of(chain)
    check_balance(books)
    check_outcomes(chain)
    assert (books.clips, books.stages["face"].pending) == (4, 4)


def test_the_limit_leaves_files_out_and_says_so(workshop):
    chain = workshop.open(limit=2)
    books = books_of(chain)
    check_balance(books)
    outcomes = check_outcomes(chain)
    assert (books.files["videos"], books.files["left_out"]) == (2, 4)
    beyond = {o.id for o in outcomes if o.reason == "limit"}
    assert beyond == {"rocket.mp4", "smile.mp4", "surprise.mp4", "the_same.mp4"}


def test_a_film_taken_away_is_in_no_outcome(workshop):
    (workshop.sources / "rocket.mp4").unlink()
    chain = workshop.open()
    outcomes = check_outcomes(chain)
    assert "rocket.mp4" not in {o.id for o in outcomes}
    assert [o.reason for o in outcomes if o.subject == "clip" and o.state == "rejected"] == []


def test_files_that_cannot_be_taken_in_are_in_the_books(workshop):
    os.mkfifo(workshop.sources / "a_pipe.mp4")
    chain = workshop.open()
    books = books_of(chain)
    check_balance(books)
    outcomes = check_outcomes(chain)
    assert (books.files["found"], books.files["unreadable"], books.failed) == (8, 1, 2)
    assert ("a_pipe.mp4", "failed") in {(o.id, o.state) for o in outcomes}


def test_texts_that_cannot_be_used_are_in_the_books(workshop):
    (workshop.sources / "surprise.srt").write_bytes(b"\x00\x01\x02" * 100)
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text() + "nowhere.mp4,happy\nsmile.mp4,purple\n")
    chain = workshop.open()
    books = books_of(chain)
    check_balance(books)
    check_outcomes(chain)
    assert books.texts_failed == 1
    assert set(books.labels) == {"label_for_nothing", "unknown_label"}
    assert any(f.subject == "label" for f in problems(chain, CountIndex(chain.work.index, {})))


def test_problems_are_the_failures_that_stand(workshop, pool):
    chain = workshop.open()
    index = CountIndex(chain.work.index, {})
    (broken,) = problems(chain, index)
    assert (broken.subject, broken.stage, broken.error) == ("video", "ingest", "DecodeError")
    (workshop.sources / "broken.mp4").unlink()
    assert list(problems(workshop.open(), index)) == []


def test_a_failure_of_a_clip_that_fell_out_before_stands_no_more(workshop):
    """An old part may still tell of a clip that an earlier stage has since turned away."""
    chain = workshop.open()
    (shard,) = chain.shards()
    stage, clip = BY_NAME["stills"], chain.clips(shard)[0]
    failure = Failure(
        subject="clip", id=clip.clip_id, stage="stills", error="E", reason="r", retryable=False
    )
    rows = [row for row in chain.part(stage, shard).rows if row.clip_id != clip.clip_id]
    part = Part(rows, (), [failure])
    write_part(chain.path(stage, shard), part, Stills, chain.key(stage, shard))
    index = CountIndex(chain.work.index, {})
    assert {f.error for f in problems(chain, index)} == {"DecodeError", "E"}
    (workshop.sources / chain.catalog.videos[clip.video_id].path).unlink()
    chain = workshop.open()
    check_balance(books_of(chain))
    assert {f.error for f in problems(chain, index)} == {"DecodeError"}


def test_the_books_are_the_same_with_and_without_an_index(workshop):
    chain = workshop.open()
    index = CountIndex.open(chain.work.index)
    first = keep_books(chain, index)
    index.save()
    assert chain.work.index.exists()
    assert keep_books(chain, CountIndex.open(chain.work.index)) == first == books_of(chain)


def test_what_the_books_say_as_json_adds_up(built):
    told = books_of(built.open()).as_json()
    assert list(told["stages"]) == ["ingest", "cut", *(stage.name for stage in STAGES)]
    for stage in told["stages"].values():
        fell = sum(stage["rejected"].values()) + sum(stage["failed"].values())
        assert stage["entered"] == stage["done"] + fell + stage["pending"]


REJECTION = Rejection(subject="clip", id="c", stage="cut", rule="outside", reason="r")


@pytest.mark.parametrize(
    ("upstream", "counts", "entered", "pending"),
    [
        (5, None, 5, 5),
        (2, Counts.of(Part([1, 2, 3]), subjects=2), 3, 0),  # two films gave three clips
        (2, Counts.of(Part([1, 2, 3]), subjects=1), 4, 1),  # and one is still to come
        (1, Counts.of(Part([1], [REJECTION]), subjects=1), 2, 0),
    ],
)
def test_a_film_enters_the_cut_as_often_as_it_comes_out(upstream, counts, entered, pending):
    books = StageBooks("cut")
    books.add(upstream, counts)
    assert (books.entered, books.pending) == (entered, pending)


@pytest.mark.parametrize(
    ("until", "again", "count"),
    [
        (None, False, 0),
        (None, True, 1),  # broken.mp4
        ("ingest", True, 1),
        ("fine", False, 0),
    ],
)
def test_a_finished_build_has_nothing_to_do_but_what_failed(built, until, again, count):
    assert books_of(built.open()).to_do(until=until, retry_failed=again) == count


def test_only_what_comes_up_to_a_stage_is_to_do(sources, tmp_path):
    books = books_of(fresh(sources, tmp_path).open())
    assert {books.to_do(until=u, retry_failed=False) for u in ("ingest", "face", None)} == {5}


def test_what_waits_behind_a_stage_is_not_to_do_up_to_it(workshop):
    for part in part_paths(workshop):
        if part.parent.name == "coarse":
            part.unlink()
    books = books_of(workshop.open())
    assert books.to_do(until="label", retry_failed=False) == 0
    assert books.to_do(until="coarse", retry_failed=False) == 4


def test_a_part_of_another_key_is_not_counted(workshop):
    chain = workshop.open()
    (shard,) = chain.shards()
    stage = BY_NAME["scene"]
    old = chain.part(stage, shard)
    chain.path(stage, shard).unlink()
    stranger = Key.of("scene", {"version": "0"})
    write_part(chain.work.part("scene", 0, stranger.name), old, stage.row, stranger)
    books = books_of(workshop.open())
    check_balance(books)
    assert (books.stages["scene"].done, books.stages["scene"].pending) == (0, 4)
