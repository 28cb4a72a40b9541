"""Publishing: an immutable folder that a trainer opens, whole or not there."""

import fcntl
import json
import os
from collections import Counter

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.books_table import check_balance
from pipeline.chain import Chain
from pipeline.layout import WorkFolder
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.release_tables import TABLES
from pipeline.split import split_of
from pipeline.verify import verify
from schemas.errors import MerrError, SetupError
from schemas.parquet import read_rows
from tests.pipeline.workshop import Workshop, bring_about

NAME = {"name": "demo", "version": "0.1.0"}
THERE = tuple(table for table in TABLES if table != "features")  # nobody made features here


def published(chain, to, **changes):
    return publish(chain, to=to, **(NAME | changes))


def with_publish(chain: Chain, **values) -> Chain:
    section = chain.settings.publish.model_copy(update=values)
    return chain.with_settings(chain.settings.model_copy(update={"publish": section}))


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(folder, table):
    return [
        row for path in sorted((folder / table).iterdir()) for row in read_rows(path, TABLES[table])
    ]


# ---- what is in it


def test_a_release_is_whole(release):
    assert verify(release) == []


def test_every_released_clip_is_in_the_tables_it_should_be_in(release):
    coarse = {row.clip_id for row in rows_of(release, "coarse")}
    assert len(coarse) == 3
    assert {row.clip_id for row in rows_of(release, "evidence")} == coarse
    assert {row.clip_id for row in rows_of(release, "fine")} <= coarse
    tasks = Counter((row.tier, row.task) for row in rows_of(release, "instructions"))
    assert set(tasks) == {("coarse", "emotion"), ("coarse", "reason"), ("fine", "emotion"),
                          ("fine", "reason")} & set(tasks)  # fmt: skip
    assert tasks["fine", "reason"] == len(rows_of(release, "fine"))


def test_the_manifest_counts_what_is_there(release):
    manifest = read_manifest(release)
    assert manifest.rows == {"features": 0} | {
        table: len(rows_of(release, table)) for table in THERE
    }
    assert manifest.found == {"clip": 4, "file": 7, "video": 5}
    assert manifest.states["clip"] == {"released": 3, "rejected": 1}
    assert manifest.states["file"] == {"released": 4, "failed": 1, "other_kind": 1, "rejected": 1}
    assert manifest.rejected == {"coarse/no_face": 1}
    assert manifest.failed == {"ingest/DecodeError": 1}
    assert (manifest.name, manifest.version, manifest.parent) == ("demo", "0.1.0", None)


def test_every_file_found_has_one_outcome(release, built):
    outcomes = Counter(row.id for row in rows_of(release, "books") if row.subject == "file")
    found = (path.relative_to(built.sources).as_posix() for path in built.sources.rglob("*"))
    assert outcomes == Counter(name for name in found if not name.endswith((".csv", ".srt")))


def test_all_rows_of_a_video_are_in_the_split_of_its_hash(release):
    ids = {row.clip_id: row.video_id for row in rows_of(release, "evidence")}
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    for table in ("coarse", "fine", "evidence", "instructions"):
        for path in (release / table).iterdir():
            for clip_id in pd.read_parquet(path)["clip_id"]:
                assert path.name.startswith(split_of(0, ids[clip_id], shares) + "-")


def test_a_clip_is_known_by_all_names_of_its_bytes(release):
    names = {row.name: row.other_names for row in rows_of(release, "evidence")}
    assert names["smile.mp4"] == ("the_same.mp4",)
    assert names["goodbye.mp4"] == ()


def test_the_card_says_the_licence_and_that_action_units_are_proxies(release):
    card = (release / "README.md").read_text()
    assert read_manifest(release).licence in card
    assert "nobody stated a licence" in card
    assert "proxies" in card


def test_the_tables_say_nothing_of_where_the_films_lay(release, built):
    place = str(built.sources).encode()
    assert not [name for name, content in files_of(release).items() if place in content]
    assert place.decode() not in "".join(
        row.model_dump_json() for table in THERE for row in rows_of(release, table)
        if table != "evidence"
    )  # fmt: skip


# ---- who opens it


@pytest.mark.parametrize("table", THERE)
def test_pandas_and_pyarrow_open_every_table(release, table):
    rows = rows_of(release, table)
    assert len(pd.read_parquet(release / table)) == len(rows)
    assert pq.read_table(release / table).num_rows == len(rows)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """`load_dataset` without a network: (folder, config) -> rows of all splits."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    import datasets

    datasets.disable_progress_bars()

    def load(folder, *config):
        found = datasets.load_dataset(str(folder), *config, cache_dir=str(tmp_path / "cache"))
        return [row for split in found.values() for row in split]

    return load


@pytest.mark.filterwarnings("default")
def test_load_dataset_opens_every_config_and_its_pictures(release, load):
    rows = {table: load(release, table) for table in THERE}
    assert {t: len(found) for t, found in rows.items()} | {"features": 0} == read_manifest(
        release
    ).rows
    for row in rows["evidence"]:
        sizes = [row[name].size for name in ("first_frame", "middle_frame", "peak_frame")]
        assert len(set(sizes)) == 1
        assert row["face"].size == (224, 224)
        assert row["audio"]["bytes"][:4] == b"OggS"
    assert load(release) == rows["fine"]


# ---- media


@pytest.mark.filterwarnings("default")
def test_a_release_that_only_points_at_media_holds_no_bytes_of_it(built, load, tmp_path):
    chain = with_publish(built.open(), media="reference", source_licence="CC-BY-4.0")
    folder = published(chain, tmp_path).folder
    assert verify(folder) == []
    records = rows_of(folder, "evidence")
    media = [m for r in records for m in (r.peak_frame, r.first_frame, r.middle_frame, r.face)]
    media += [r.audio for r in records]
    assert {m.bytes for m in media} == {None}
    shown = {
        row["peak_frame"]["path"]: row["peak_frame"]["bytes"] for row in load(folder, "evidence")
    }
    assert shown == {r.peak_frame.path: None for r in records}
    assert all(m.path.startswith(r.clip_id) for r in records for m in (r.peak_frame, r.audio))
    tables = b"".join(c for name, c in files_of(folder).items() if name.startswith("evidence"))
    assert b"\xff\xd8\xff" not in tables
    assert b"OggS" not in tables
    assert read_manifest(folder).source_licence == "CC-BY-4.0"
    assert "nobody stated" not in read_manifest(folder).licence


def test_pictures_may_be_embedded_without_the_sound(built, tmp_path):
    folder = published(with_publish(built.open(), media="embed-frames"), tmp_path).folder
    for record in rows_of(folder, "evidence"):
        assert record.peak_frame.bytes.startswith(b"\xff\xd8")
        assert record.audio.bytes is None


# ---- again, and never otherwise


def test_publishing_again_does_nothing(workshop, tmp_path):
    first = published(workshop.open(), tmp_path)
    before = files_of(first.folder)
    again = published(workshop.open(), tmp_path)
    assert (first.new, again.new) == (True, False)
    assert again.manifest == first.manifest
    assert files_of(first.folder) == before
    assert [path.name for path in first.folder.parent.iterdir()] == ["0.1.0"]


def test_equal_rows_from_another_place_are_the_same_release(workshop, release, tmp_path):
    made = published(workshop.open(), tmp_path / "releases")
    assert made.manifest == read_manifest(release)
    before = files_of(release)
    again = published(workshop.open(), release.parent.parent)
    assert not again.new
    assert files_of(release) == before


def test_other_rows_under_the_same_version_are_refused(workshop, pool, tmp_path):
    folder = published(workshop.open(), tmp_path).folder
    before = files_of(folder)
    (workshop.sources / "goodbye.mp4").unlink()
    chain = workshop.open()
    bring_about(chain, pool)
    with pytest.raises(SetupError, match="releases do not change; give a new --version"):
        published(chain, tmp_path)
    assert files_of(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["0.1.0"]


def test_a_release_is_replaced_on_request(workshop, pool, tmp_path):
    folder = published(workshop.open(), tmp_path).folder
    (workshop.sources / "goodbye.mp4").unlink()
    chain = workshop.open()
    bring_about(chain, pool)
    made = published(chain, tmp_path, replace=True)
    assert made.new
    assert verify(folder) == []
    assert {row.name for row in rows_of(folder, "coarse")} == {"smile.mp4", "surprise.mp4"}
    assert [path.name for path in folder.parent.iterdir()] == ["0.1.0"]


def test_the_next_version_names_the_one_it_follows(workshop, pool, tmp_path):
    first = published(workshop.open(), tmp_path)
    (workshop.sources / "goodbye.mp4").unlink()
    chain = workshop.open()
    bring_about(chain, pool)
    second = published(chain, tmp_path, version="0.1.1")
    assert second.manifest.parent == first.manifest.digest
    assert verify(first.folder) == verify(second.folder) == []


def test_a_clip_taken_away_leaves_the_release_and_splits_stay(workshop, pool, release, tmp_path):
    gone = workshop.sources / "goodbye.mp4"
    gone.unlink()
    chain = workshop.open()
    bring_about(chain, pool)
    folder = published(chain, tmp_path).folder
    manifest = read_manifest(folder)
    assert (manifest.found["file"], manifest.found["video"], manifest.rows["coarse"]) == (6, 4, 2)
    was, now = (splits(f) for f in (release, folder))
    assert now.items() < was.items()


def splits(folder):
    return {
        clip_id: path.name.split("-")[0]
        for path in (folder / "coarse").iterdir()
        for clip_id in pd.read_parquet(path)["clip_id"]
    }


def test_a_build_that_is_not_finished_may_be_published_and_says_what_is_pending(built, tmp_path):
    chain = built.copy_to(tmp_path).open()
    (part,) = (chain.work.root / "parts" / "coarse").iterdir()
    part.unlink()
    with pytest.raises(SetupError, match="4 videos or clips are still pending"):
        published(chain, tmp_path / "releases")
    made = published(chain, tmp_path / "releases", unfinished=True)
    assert made.manifest.states["clip"] == {"pending": 4}
    assert made.manifest.rows["coarse"] == 0
    assert verify(made.folder) == []


def test_a_fine_sample_left_out_of_the_set_is_still_a_coarse_one(built, tmp_path):
    chain = with_publish(built.open(), max_ratio=1.0)
    folder = published(chain, tmp_path).folder
    assert verify(folder) == []
    fine, coarse = rows_of(folder, "fine"), rows_of(folder, "coarse")
    assert (len(fine), len(coarse)) == (2, 3)
    (left,) = {row.clip_id for row in coarse} - {row.clip_id for row in fine}
    (outcome,) = (row for row in rows_of(folder, "books") if row.id == left)
    assert (outcome.state, outcome.tier, outcome.stage, outcome.reason) == (
        "released", "coarse", "publish", "balance",
    )  # fmt: skip
    assert read_manifest(folder).rejected["publish/balance"] == 1
    tiers = {row.tier for row in rows_of(folder, "instructions") if row.clip_id == left}
    assert tiers == {"coarse"}


@pytest.mark.parametrize("version", ["1", "1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "1.0.0/..", ""])
def test_a_version_is_three_numbers(built, tmp_path, version):
    with pytest.raises(SetupError, match="is not of the form"):
        published(built.open(), tmp_path, version=version)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_release_is_not_touched(built, tmp_path):
    (tmp_path / "demo" / "0.1.0").mkdir(parents=True)
    (tmp_path / "demo" / "0.1.0" / "diary.txt").write_text("mine")
    with pytest.raises(SetupError, match="is not a release"):
        published(built.open(), tmp_path, replace=True)
    assert (tmp_path / "demo" / "0.1.0" / "diary.txt").read_text() == "mine"


def test_who_names_the_data_set_is_told_its_versions(release):
    with pytest.raises(SetupError, match=r"give one of its versions, e\.g\. .*demo/0\.1\.0"):
        read_manifest(release.parent)


def test_a_damaged_manifest_is_named(release, tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": 3')
    with pytest.raises(SetupError, match=r"manifest\.json: is damaged"):
        read_manifest(tmp_path)


def test_the_manifest_is_json_for_anybody(release):
    told = json.loads((release / "manifest.json").read_text())
    assert {file["path"] for file in told["files"]} == set(files_of(release)) - {"manifest.json"}


def test_sources_that_gave_nothing_are_published_as_what_they_are(tmp_path, pool):
    """Empty tables are no files, and the books still say what became of everything."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "notes.pdf").write_bytes(b"%PDF-1.7")
    made = Workshop(tmp_path / "sources", WorkFolder(tmp_path / "work"))
    bring_about(made.open(), pool)
    with pytest.raises(SetupError, match="no clip has a sample"):
        published(made.open(), tmp_path / "out")
    folder = published(made.open(), tmp_path / "out", unfinished=True).folder
    assert verify(folder) == []
    manifest = read_manifest(folder)
    assert manifest.rows == dict.fromkeys(TABLES, 0) | {"books": 1}
    assert manifest.states == {"file": {"other_kind": 1}}


def test_two_publish_at_once_do_not_meet(workshop, tmp_path):
    folder = published(workshop.open(), tmp_path).folder
    other = os.open(folder.parent, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with pytest.raises(SetupError, match="another merr publishes here"):
            published(workshop.open(), tmp_path, version="0.1.1")
    finally:
        os.close(other)
    assert [path.name for path in folder.parent.iterdir()] == ["0.1.0"]


def test_what_a_killed_publish_left_is_cleared_away(workshop, tmp_path):
    first = published(workshop.open(), tmp_path)
    left = first.folder.parent / ".0.1.0.123.tmp"
    left.mkdir()
    (left / "half").write_text("half")
    assert not published(workshop.open(), tmp_path).new
    assert [path.name for path in first.folder.parent.iterdir()] == ["0.1.0"]


def test_a_release_that_was_about_to_be_replaced_comes_back(workshop, tmp_path):
    first = published(workshop.open(), tmp_path)
    before = files_of(first.folder)
    first.folder.rename(first.folder.with_name(".0.1.0.replaced.tmp"))
    assert not published(workshop.open(), tmp_path).new
    assert files_of(first.folder) == before


def test_books_that_do_not_balance_are_never_published():
    check_balance({"clip": 3}, {"clip": {"released": 2, "rejected": 1}})
    with pytest.raises(MerrError, match="3 of subject clip found, 2 told"):
        check_balance({"clip": 3}, {"clip": {"released": 2}})


@pytest.mark.parametrize(
    "name", ["../evil", "/abs", "my set", "a/b", "", ".", "-x", "a: b", "a\nb"]
)
def test_a_name_is_a_plain_word_and_never_a_path(built, tmp_path, name):
    with pytest.raises(SetupError, match="a name is made of letters"):
        published(built.open(), tmp_path / "releases", name=name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_published_into_a_release(built, release):
    before = files_of(release)
    with pytest.raises(SetupError, match="lies in the release"):
        published(built.open(), release, name="nested")
    assert files_of(release) == before


def test_no_version_comes_before_one_that_is_there(workshop, tmp_path):
    published(workshop.open(), tmp_path, version="0.2.0")
    with pytest.raises(SetupError, match=r"0\.2\.0 is published; give a higher --version"):
        published(workshop.open(), tmp_path, version="0.1.9")
