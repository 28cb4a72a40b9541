"""Building: only what is not done yet, nothing twice, nothing lost."""

import shutil
from collections import Counter

import pytest

from pipeline.layout import WorkFolder
from pipeline.parts import Part, read_part, write_part
from pipeline.pool import WorkerPool
from pipeline.stages import BY_NAME, MEASURED, STAGES
from schemas.failure import Failure
from schemas.video import Video
from tests.pipeline.media_files import Film, make_film
from tests.pipeline.workshop import Workshop, books_of, bring_about, check_balance

NAMES = [stage.name for stage in STAGES]


def only_part(chain, stage):
    (shard,) = chain.shards()
    return chain.part(BY_NAME[stage], shard)


def new_parts(workshop, before):
    """Stages of the parts that were not there before; what was there is as it was."""
    after = workshop.parts()
    assert {name: after.get(name) for name in before} == before
    return Counter(name.split("/")[1] for name in after if name not in before)


def clip_of(chain, name):
    (video_id,) = {f.video_id for f in chain.catalog.files if f.path == name}
    (clip,) = (c for s in chain.shards() for c in chain.clips(s) if c.video_id == video_id)
    return clip


# ---- the first build


def test_every_clip_goes_through_every_stage_or_falls_out_with_a_reason(built):
    chain = built.open()
    books = books_of(chain)
    check_balance(books)
    assert books.pending == 0
    assert books.stages["ingest"].failed == {"DecodeError": 1}
    assert books.stages["fine"].done == 3
    fallen = {name: dict(s.rejected) for name, s in books.stages.items() if s.rejected}
    assert fallen == {"coarse": {"no_face": 1}}


def test_rows_of_a_part_stand_in_the_order_of_its_clips(built):
    chain = built.open()
    (shard,) = chain.shards()
    order = [clip.clip_id for clip in chain.clips(shard)]
    for stage in STAGES:
        ids = [row.clip_id for row in chain.part(stage, shard).rows]
        assert ids == [clip_id for clip_id in order if clip_id in ids]


def test_words_and_labels_given_are_those_of_the_clip(built):
    chain = built.open()
    smile = clip_of(chain, "smile.mp4").clip_id
    speech = {row.clip_id: row for row in only_part(chain, "speech").rows}
    assert speech[smile].transcript.source == "subtitles"
    labels = {row.clip_id: row.label for row in only_part(chain, "label").rows}
    assert labels[smile] == "happy"
    assert labels[clip_of(chain, "surprise.mp4").clip_id] == "surprise"


def test_equal_sources_give_equal_bytes_whatever_the_number_of_workers(built, tmp_path):
    (tmp_path / "sources").mkdir()
    shutil.copy(built.sources / "smile.mp4", tmp_path / "sources")
    found = []
    for slots in (1, 2):
        made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / f"work{slots}"))
        with WorkerPool(slots, log=tmp_path / "log", memory_gb=3) as pool:
            bring_about(made.open(), pool)
        found.append(made.parts())
    assert found[0] == found[1]
    assert {name.split("/")[1] for name in found[0] if name.startswith("parts")} >= {*NAMES}


# ---- again


def test_what_is_done_is_not_done_again(workshop, pool):
    before = workshop.parts()
    assert bring_about(workshop.open(), pool).worked == 0
    assert workshop.parts() == before


def test_a_part_that_was_lost_is_made_again_byte_for_byte(workshop, pool):
    before = workshop.parts()
    for stage in ("tone", "stills", "coarse"):
        (part,) = (workshop.work.root / "parts" / stage).iterdir()
        part.unlink()
    tally = bring_about(workshop.open(), pool)
    assert set(tally.stages) == {"tone", "stills", "coarse"}
    assert workshop.parts() == before


def test_a_clip_missing_from_a_part_is_the_only_one_made_again(workshop, pool):
    before = workshop.parts()
    chain = workshop.open()
    (shard,) = chain.shards()
    stage = BY_NAME["face"]
    part = chain.part(stage, shard)
    write_part(chain.path(stage, shard), Part(part.rows[1:]), stage.row, chain.key(stage, shard))
    tally = bring_about(workshop.open(), pool)
    assert {name: counts.finished for name, counts in tally.stages.items()}["face"] == 1
    assert workshop.parts() == before


# ---- sources that change


def test_a_new_film_makes_a_batch_and_a_shard_and_changes_no_old_part(workshop, pool):
    before = workshop.parts()
    make_film(workshop.sources / "a_new.mp4", Film(frames=12))
    chain = workshop.open()
    bring_about(chain, pool)
    assert new_parts(workshop, before) == Counter(
        {"ingest": 1, "cut": 1, **dict.fromkeys(NAMES, 1), "00001.json": 1}
    ) + Counter(name.split("/")[1] for name in workshop.parts() if "shards/00001" in name)
    assert [len(batch.video_ids) for batch in chain.batches()] == [5, 1]
    books = books_of(chain)
    check_balance(books)
    assert (books.files["videos"], books.clips, books.pending) == (6, 5, 0)


def test_a_film_taken_away_leaves_the_books_in_balance(workshop, pool):
    gone = clip_of(workshop.open(), "goodbye.mp4").clip_id
    (workshop.sources / "goodbye.mp4").unlink()
    before = workshop.parts()
    chain = workshop.open()
    assert bring_about(chain, pool).worked == 0
    assert workshop.parts() == before
    books = books_of(chain)
    check_balance(books)
    assert (books.files["videos"], books.clips, books.stages["fine"].done) == (4, 3, 2)
    assert gone not in {clip.clip_id for s in chain.shards() for clip in chain.clips(s)}


def test_a_film_that_comes_back_is_not_measured_again(workshop, pool):
    film = workshop.sources / "goodbye.mp4"
    kept = film.read_bytes()
    film.unlink()
    bring_about(workshop.open(), pool)
    film.write_bytes(kept)
    chain = workshop.open()
    assert bring_about(chain, pool).worked == 0
    assert books_of(chain).stages["fine"].done == 3


def test_a_film_under_another_name_is_still_the_same_film(workshop, pool):
    (workshop.sources / "smile.mp4").rename(workshop.sources / "renamed.mp4")
    chain = workshop.open()
    tally = bring_about(chain, pool)
    assert "face" not in tally.stages or tally.stages["face"].done == 0
    assert books_of(chain).files["duplicates"] == 1


def test_a_changed_label_file_changes_labels_and_what_follows_and_nothing_else(workshop, pool):
    before = workshop.parts()
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text().replace("surprise.mp4,surprise", "surprise.mp4,worried"))
    chain = workshop.open()
    tally = bring_about(chain, pool)
    assert set(tally.stages) == {"label", "coarse", "fine"}
    assert new_parts(workshop, before) == {"label": 1, "coarse": 1, "fine": 1}
    said = {row.clip_id: row.label for row in only_part(chain, "label").rows}
    assert said[clip_of(chain, "surprise.mp4").clip_id] == "worried"


def test_a_label_taken_away_rejects_its_clip(workshop, pool):
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text().replace("surprise.mp4,surprise\n", ""))
    chain = workshop.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["label"].rejected == {"no_label": 1}
    assert books.stages["fine"].done == 2


def test_two_names_of_the_same_bytes_with_two_labels_are_a_conflict(workshop, pool):
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text() + "the_same.mp4,angry\n")
    chain = workshop.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["label"].rejected == {"label_conflict": 1}
    assert books.labels == {"label_conflict": 1}
    (rejection,) = only_part(chain, "label").rejections
    assert rejection.id == clip_of(chain, "smile.mp4").clip_id
    assert "happy" in rejection.reason
    assert "angry" in rejection.reason


def test_fewer_films_are_taken_in_on_request_and_the_rest_later(sources, pool, tmp_path):
    made = Workshop(sources, WorkFolder(tmp_path / "work"))
    chain = made.open(limit=1)
    build_none_of_the_faces(chain)
    books = books_of(chain)
    check_balance(books)
    assert (books.files["videos"], books.files["left_out"]) == (1, 5)
    assert books.stages["ingest"].pending == 1
    check_balance(books_of(made.open()))
    assert [len(batch.video_ids) for batch in made.open().batches()] == [1, 4]


def build_none_of_the_faces(chain):
    """The first file is the broken one, so nothing here decodes a face."""
    assert [file.path for file in chain.catalog.videos.values()] == ["broken.mp4"]


# ---- settings that change


@pytest.mark.parametrize(
    ("section", "values", "stages"),
    [
        ("fine", {"seed": 7}, {"fine"}),
        ("coarse", {"seed": 7}, {"coarse"}),
        ("clues", {"seed": 7}, {"clues", "fine"}),
        ("label", {"au_filter": True}, {"label", "coarse", "fine"}),
        ("publish", {"seed": 7}, set()),
        ("run", {"jobs": 1}, set()),
    ],
)
def test_a_changed_setting_changes_only_the_stages_that_read_it(
    workshop, pool, section, values, stages
):
    before = workshop.parts()
    present = type(getattr(workshop.settings, section)).model_fields
    values = {name: value for name, value in values.items() if name in present}
    assert values
    bring_about(workshop.open(**{section: values}), pool)
    assert set(new_parts(workshop, before)) == stages


def test_the_old_setting_finds_its_parts_again(workshop, pool):
    bring_about(workshop.open(label={"au_filter": True}), pool)
    before = workshop.parts()
    assert bring_about(workshop.open(), pool).worked == 0
    assert workshop.parts() == before


# ---- failures


def write_failed(chain, subject, stage, error, *, retryable):
    """The part says that this subject failed, as an earlier run might have left it."""
    failure = Failure(
        subject=subject[0],
        id=subject[1],
        stage=stage,
        error=error,
        reason="as an earlier run found it",
        retryable=retryable,
    )
    if stage == "ingest":
        (batch,) = chain.batches()
        key, path, row = chain.ingest_key(batch), None, Video
        path = chain.work.part(stage, batch.number, key.name)
    else:
        (shard,) = chain.shards()
        key, row = chain.key(BY_NAME[stage], shard), BY_NAME[stage].row
        path = chain.path(BY_NAME[stage], shard)
    old = read_part(path, row, key)
    id_of = "video_id" if stage == "ingest" else "clip_id"
    rows = [row for row in old.rows if getattr(row, id_of) != subject[1]]
    write_part(path, Part(rows, old.rejections, [*old.failures, failure]), row, key)


@pytest.mark.parametrize("stage", ["face", "tone", "stills", "scene"])
@pytest.mark.parametrize("retryable", [True, False])
def test_what_may_pass_is_tried_again_and_the_rest_only_on_request(
    workshop, pool, stage, retryable
):
    before = workshop.parts()
    chain = workshop.open()
    clip = clip_of(chain, "smile.mp4").clip_id
    write_failed(chain, ("clip", clip), stage, "DeadlineError", retryable=retryable)
    failed = books_of(workshop.open())
    check_balance(failed)
    assert failed.stages[stage].failed == {"DeadlineError": 1}
    assert failed.retryable == retryable
    tally = bring_about(workshop.open(), pool)
    assert tally.worked == int(retryable)
    if not retryable:
        tally = bring_about(workshop.open(), pool, retry_failed=True)
        assert tally.stages[stage].done == 1
    assert workshop.parts() == before


@pytest.mark.parametrize("retryable", [True, False])
def test_a_video_that_failed_is_probed_again_by_the_same_rule(workshop, pool, retryable):
    before = workshop.parts()
    chain = workshop.open()
    (video_id,) = {f.video_id for f in chain.catalog.files if f.path == "smile.mp4"}
    write_failed(chain, ("video", video_id), "ingest", "DeadlineError", retryable=retryable)
    check_balance(books_of(workshop.open()))
    tally = bring_about(workshop.open(), pool)
    assert tally.worked == int(retryable)
    bring_about(workshop.open(), pool, retry_failed=True)
    assert workshop.parts() == before


def test_a_film_that_vanishes_before_its_turn_fails_and_heals_on_request(sources, pool, tmp_path):
    shutil.copytree(sources, tmp_path / "sources")
    film = tmp_path / "sources" / "rocket.mp4"
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    for name in ("goodbye", "smile", "surprise", "the_same"):
        (tmp_path / "sources" / f"{name}.mp4").unlink()
    chain = made.open()
    kept = film.read_bytes()
    film.unlink()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["ingest"].failed == {"DecodeError": 2}
    film.write_bytes(kept)
    assert bring_about(made.open(), pool).worked == 0
    bring_about(made.open(), pool, retry_failed=True)
    books = books_of(made.open())
    check_balance(books)
    assert books.stages["ingest"].failed == {"DecodeError": 1}
    assert books.stages["coarse"].rejected.total() == 1


def test_a_clip_that_fails_at_one_measure_keeps_what_the_others_found(workshop, pool):
    """The part of the stage before stands; those after wait for the clip."""
    chain = workshop.open()
    clip = clip_of(chain, "smile.mp4").clip_id
    write_failed(chain, ("clip", clip), "speech", "DecodeError", retryable=False)
    books = books_of(workshop.open())
    check_balance(books)
    before, at = MEASURED[MEASURED.index("speech") - 1], books.stages["speech"]
    assert (books.stages[before].done, at.done, at.failed.total()) == (4, 3, 1)
    assert books.stages["tone"].entered == 3


def test_spans_that_lie_outside_of_the_film_are_work_done(sources, pool, tmp_path):
    """A film of which no span can be cut comes back as rejected, and does not stay pending."""
    (tmp_path / "sources").mkdir()
    make_film(tmp_path / "sources" / "film.mp4", Film(frames=50))
    (tmp_path / "sources" / "spans.csv").write_text("name,start,end\nfilm.mp4,60,70\n")
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    chain = made.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["cut"].rejected == {"outside": 1}
    assert books.pending == 0
    assert bring_about(made.open(), pool).worked == 0


def test_a_film_gives_as_many_clips_as_it_has_spans(sources, pool, tmp_path):
    (tmp_path / "sources").mkdir()
    make_film(tmp_path / "sources" / "film.mp4", Film(frames=50))
    spans = "name,start,end\nfilm.mp4,0,0.5\nfilm.mp4,1,1.5\nfilm.mp4,60,70\n"
    (tmp_path / "sources" / "spans.csv").write_text(spans)
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    chain = made.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    cut = books.stages["cut"]
    assert (books.clips, cut.entered, cut.done, cut.rejected) == (2, 3, 2, {"outside": 1})
    assert books.pending == 0
    assert bring_about(made.open(), pool).worked == 0
