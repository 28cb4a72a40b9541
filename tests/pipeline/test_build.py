"""Building: only what is not done yet, nothing twice, nothing lost."""

import shutil
from collections import Counter

import pytest

from pipeline.build import Build
from pipeline.contents import candidates
from pipeline.layout import WorkFolder
from pipeline.parts import Part, write_part
from pipeline.pool import StoppedError, WorkerPool
from pipeline.stages import BY_NAME, MEASURED, STAGES
from pipeline.tally import Tally
from schemas.failure import Failure, Rejection
from schemas.video import Video
from tests.pipeline.media_files import Film, make_film
from tests.pipeline.workshop import Workshop, books_of, bring_about, check_balance

NAMES = [stage.name for stage in STAGES]


def only_part(chain, stage):
    (shard,) = chain.shards()
    return chain.part(BY_NAME[stage], shard)


def new_parts(workshop, before):
    """How many parts of each stage (batches, shards) are new; what was there is as it was."""
    after = workshop.parts()
    assert {name: after.get(name) for name in before} == before
    new = [name.removeprefix("parts/") for name in after if name not in before]
    return Counter(name.split("/")[0] for name in new)


def worked_on(tally):
    return {stage for stage, counts in tally.stages.items() if counts.finished}


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
    assert worked_on(tally) == {"tone", "stills", "coarse"}
    assert workshop.parts() == before


def test_a_clip_missing_from_a_part_is_the_only_one_made_again(workshop, pool):
    before = workshop.parts()
    chain = workshop.open()
    (shard,) = chain.shards()
    stage = BY_NAME["face"]
    part = chain.part(stage, shard)
    write_part(chain.path(stage, shard), Part(part.rows[1:]), stage.row, chain.key(stage, shard))
    tally = bring_about(workshop.open(), pool)
    assert tally.stages["face"].finished == tally.worked == 1
    assert workshop.parts() == before


# ---- sources that change


def test_a_new_film_makes_a_batch_and_a_shard_and_changes_no_old_part(workshop, pool):
    before = workshop.parts()
    make_film(workshop.sources / "a_new.mp4", Film(frames=12))
    chain = workshop.open()
    bring_about(chain, pool)
    made = dict.fromkeys(("ingest", "cut", "batches", "shards", *NAMES), 1)
    assert new_parts(workshop, before) == made
    assert [len(batch.video_ids) for batch in chain.batches()] == [5, 1]
    books = books_of(chain)
    check_balance(books)
    assert (books.files["videos"], books.clips, books.pending) == (6, 5, 0)


def test_a_film_taken_away_leaves_the_books_in_balance(workshop, pool):
    gone = clip_of(workshop.open(), "goodbye.mp4").clip_id
    (workshop.sources / "goodbye.mp4").unlink()
    before = workshop.parts()
    chain = workshop.open()
    check_balance(books_of(chain))
    assert worked_on(bring_about(chain, pool)) <= {"label", "coarse", "fine"}
    assert set(new_parts(workshop, before)) <= {"label", "coarse", "fine"}
    books = books_of(chain)
    check_balance(books)
    assert (books.files["videos"], books.clips, books.stages["fine"].done) == (4, 3, 2)
    assert books.pending == 0
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
    before = workshop.parts()
    (workshop.sources / "surprise.mp4").rename(workshop.sources / "renamed.mp4")
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text().replace("surprise.mp4", "renamed.mp4"))
    assert bring_about(workshop.open(), pool).worked == 0
    assert workshop.parts() == before


def test_a_changed_label_file_changes_labels_and_what_follows_and_nothing_else(workshop, pool):
    before = workshop.parts()
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text().replace("surprise.mp4,surprise", "surprise.mp4,worried"))
    chain = workshop.open()
    tally = bring_about(chain, pool)
    assert worked_on(tally) == {"label", "coarse", "fine"}
    assert new_parts(workshop, before) == {"label": 1, "coarse": 1, "fine": 1}
    said = {row.clip_id: row.label for row in only_part(chain, "label").rows}
    assert said[clip_of(chain, "surprise.mp4").clip_id] == "worried"


def test_a_label_taken_away_rejects_its_clip(workshop, pool):
    labels = workshop.sources / "labels.csv"
    labels.write_text(labels.read_text().replace("surprise.mp4,surprise\n", ""))
    chain = workshop.open()
    assert worked_on(bring_about(chain, pool)) == {"label", "coarse", "fine"}
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
        ("fine", {"min_modalities": 1}, {"fine"}),
        ("coarse", {"seed": 7}, {"coarse"}),
        ("clues", {"seed": 7}, {"clues", "fine"}),
        ("label", {"au_filter": True}, {"label", "coarse", "fine"}),
        ("stills", {"quality": 70}, {"stills"}),
        ("peak", {"k": 2}, {"peak", *NAMES[6:]} - {"heard", "seen", "english"}),
        ("tone", {"min_speech_s": 0.4}, {"tone", "evidence", "coarse", "clues", "fine"}),
        ("cut", {"margin_s": 0.3}, {"cut", "shards"}),
        ("publish", {"seed": 7}, set()),
        ("run", {"jobs": 1}, set()),
    ],
)
def test_a_changed_setting_changes_only_the_stages_that_read_it(
    workshop, pool, section, values, stages
):
    before = workshop.parts()
    bring_about(workshop.open(**{section: values}), pool)
    assert set(new_parts(workshop, before)) == stages


def test_subtitles_that_change_no_cut_do_not_let_faces_be_measured_again(workshop, pool):
    before = workshop.parts()
    (workshop.sources / "surprise.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nOh.\n")
    chain = workshop.open()
    tally = bring_about(chain, pool)
    assert worked_on(tally) == {"cut", "speech", "tone", "evidence", "coarse", "clues", "fine"}
    assert not {"face", "look", "recording", "peak", "stills"} & set(new_parts(workshop, before))
    said = {row.clip_id: row.transcript for row in only_part(chain, "speech").rows}
    assert said[clip_of(chain, "surprise.mp4").clip_id].text == "Oh."


def test_the_old_setting_finds_its_parts_again(workshop, pool):
    bring_about(workshop.open(label={"au_filter": True}), pool)
    before = workshop.parts()
    assert bring_about(workshop.open(), pool).worked == 0
    assert workshop.parts() == before


# ---- failures


def failed(subject, subject_id, stage, *, retryable):
    return Failure(
        subject=subject,
        id=subject_id,
        stage=stage,
        error="DeadlineError",
        reason="as an earlier run found it",
        retryable=retryable,
    )


def write_failed(chain, clip_id, stage, *, retryable):
    """The part says that this clip failed, as an earlier run might have left it."""
    (shard,) = chain.shards()
    key, row = chain.key(BY_NAME[stage], shard), BY_NAME[stage].row
    old = chain.part(BY_NAME[stage], shard)
    rows = [row for row in old.rows if row.clip_id != clip_id]
    failures = [*old.failures, failed("clip", clip_id, stage, retryable=retryable)]
    write_part(chain.path(BY_NAME[stage], shard), Part(rows, old.rejections, failures), row, key)


def small_workshop(folder, spans=""):
    """One film of two seconds in which nobody is seen."""
    (folder / "sources").mkdir()
    make_film(folder / "sources" / "film.mp4", Film(frames=50))
    if spans:
        (folder / "sources" / "spans.csv").write_text(f"name,start,end\n{spans}")
    return Workshop(folder / "sources", WorkFolder(folder / "work"))


@pytest.mark.parametrize("stage", ["face", "tone", "stills", "scene"])
@pytest.mark.parametrize("retryable", [True, False])
def test_what_may_pass_is_tried_again_and_the_rest_only_on_request(
    workshop, pool, stage, retryable
):
    before = workshop.parts()
    chain = workshop.open()
    clip = clip_of(chain, "smile.mp4").clip_id
    write_failed(chain, clip, stage, retryable=retryable)
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
def test_a_video_that_failed_is_probed_again_by_the_same_rule(pool, tmp_path, retryable):
    made = small_workshop(tmp_path)
    chain = made.open()
    (batch,) = chain.batches()
    (video_id,) = batch.video_ids
    failure = failed("video", video_id, "ingest", retryable=retryable)
    key = chain.ingest_key(batch)
    path = chain.work.part("ingest", batch.number, key.name)
    write_part(path, Part((), (), [failure]), Video, key)
    bring_about(made.open(), pool)
    books = books_of(made.open())
    check_balance(books)
    assert books.stages["ingest"].done == int(retryable)
    bring_about(made.open(), pool, retry_failed=True)
    books = books_of(made.open())
    check_balance(books)
    assert books.stages["ingest"].done == 1
    assert books.pending == 0


def test_after_a_film_was_taken_away_the_failures_of_others_are_still_tried_again(workshop, pool):
    """Its batch is then counted clip by clip."""
    chain = workshop.open()
    clip = clip_of(chain, "smile.mp4").clip_id
    write_failed(chain, clip, "stills", retryable=True)
    (workshop.sources / "rocket.mp4").unlink()
    books = books_of(workshop.open())
    check_balance(books)
    assert (books.stages["stills"].failed, books.retryable) == ({"DeadlineError": 1}, 1)


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
    write_failed(chain, clip, "speech", retryable=False)
    books = books_of(workshop.open())
    check_balance(books)
    before, at = MEASURED[MEASURED.index("speech") - 1], books.stages["speech"]
    assert (books.stages[before].done, at.done, at.failed.total()) == (4, 3, 1)
    assert books.stages["tone"].entered == 3


def test_a_film_that_vanishes_before_it_is_measured_fails_at_the_first_stage(pool, tmp_path):
    made = small_workshop(tmp_path)
    film = made.sources / "film.mp4"
    kept = film.read_bytes()
    chain = made.open()
    build = Build(chain, pool, Tally(lambda stage, counts: None), lambda line: None)
    (shard,) = build.take_in(chain.batches()[0])
    film.unlink()
    build.measure(shard)
    books = books_of(chain)
    check_balance(books)
    assert books.stages[MEASURED[0]].failed == {"DecodeError": 1}
    assert (books.stages[MEASURED[1]].entered, books.pending) == (0, 0)
    film.write_bytes(kept)
    assert bring_about(made.open(), pool).worked == 0
    bring_about(made.open(), pool, retry_failed=True)
    books = books_of(made.open())
    check_balance(books)
    assert books.stages["label"].rejected == {"no_label": 1}


def test_a_film_is_cut_where_nobody_speaks_and_at_no_other_place(sources, pool, tmp_path):
    (tmp_path / "sources").mkdir()
    shutil.copy(sources / "goodbye.mp4", tmp_path / "sources")
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    chain = made.open(cut={"rule": "silence", "min_s": 0.5})
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    (shard,) = chain.shards()
    clips = chain.clips(shard)
    assert {clip.rule for clip in clips} == {"silence"}
    assert all(clip.duration_s >= 0.5 for clip in clips)
    speech = {row.clip_id: row for row in only_part(chain, "speech").rows}
    assert all(speech[clip.clip_id].voiced for clip in clips)
    assert books.pending == 0


@pytest.mark.parametrize("stage", ["face", "label", "coarse"])
def test_parts_of_later_stages_that_are_older_than_a_rejection_do_not_bring_a_clip_back(
    workshop, pool, stage
):
    """A clip that an earlier stage turned away since is in no later stage, whatever lies there."""
    chain = workshop.open()
    (shard,) = chain.shards()
    clip = clip_of(chain, "smile.mp4").clip_id
    key, row = chain.key(BY_NAME[stage], shard), BY_NAME[stage].row
    old = chain.part(BY_NAME[stage], shard)
    rejection = Rejection(subject="clip", id=clip, stage=stage, rule="since", reason="r")
    rows = [row for row in old.rows if row.clip_id != clip]
    part = Part(rows, [*old.rejections, rejection], old.failures)
    write_part(chain.path(BY_NAME[stage], shard), part, row, key)
    lost = {"face": ("peak", "fine"), "label": ("fine",), "coarse": ()}[stage]
    for later in lost:
        chain.path(BY_NAME[later], shard).unlink()
    bring_about(workshop.open(), pool)
    chain = workshop.open()
    books = books_of(chain)
    check_balance(books)
    assert books.pending == 0
    assert (books.stages["fine"].entered, books.stages["fine"].done) == (2, 2)
    assert len(candidates(chain, {})) == 2


def test_an_error_that_is_not_of_one_clip_ends_the_build(sources, tmp_path):
    made = Workshop(sources, WorkFolder(tmp_path / "work"))
    with WorkerPool(2, log=tmp_path / "log", memory_gb=3) as closed:
        closed.close()
        with pytest.raises(StoppedError):
            bring_about(made.open(), closed)
    books = books_of(made.open())
    check_balance(books)
    assert books.stages["ingest"].pending == 5


def test_spans_that_lie_outside_of_the_film_are_work_done(pool, tmp_path):
    """A film of which no span can be cut comes back as rejected, and does not stay pending."""
    made = small_workshop(tmp_path, "film.mp4,60,70\nfilm.mp4,80,90\n")
    chain = made.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["cut"].rejected == {"outside": 2, "no_clip": 1}
    assert (books.clips, books.pending) == (0, 0)
    assert bring_about(made.open(), pool).worked == 0


def test_a_film_gives_as_many_clips_as_it_has_spans(pool, tmp_path):
    made = small_workshop(tmp_path, "film.mp4,0,0.5\nfilm.mp4,1,1.5\nfilm.mp4,60,70\n")
    chain = made.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    cut = books.stages["cut"]
    assert (books.clips, cut.entered, cut.done, cut.rejected) == (2, 3, 2, {"outside": 1})
    assert books.pending == 0
    assert bring_about(made.open(), pool).worked == 0


def test_a_film_may_have_neither_sound_nor_a_face(pool, tmp_path):
    (tmp_path / "sources").mkdir()
    make_film(tmp_path / "sources" / "film.mp4", Film(frames=50, sound=False))
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    chain = made.open()
    bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    assert books.stages["label"].rejected == {"no_label": 1}
    assert only_part(chain, "recording").rows[0].opus is None
    assert only_part(chain, "tone").rows[0].missing == "no_audio"
