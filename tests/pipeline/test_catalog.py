"""The catalog: every file found, and what was given beside each video."""

import pytest

from pipeline.catalog import Catalog
from pipeline.found_files import FoundFiles
from pipeline.given import Given, GivenLabel, GivenSpan, VideoGiven
from schemas.errors import SetupError
from schemas.failure import Failure, Rejection
from schemas.speech import Cue
from schemas.video import SourceFile

NOTHING = Given(videos={})
LABEL = GivenLabel(label="sad", valence=None, start_s=None, end_s=None, source="labels.csv")
CUE = Cue(start_s=0, end_s=1, text="Oh.")
CONFLICT = Rejection(
    subject="video", id="v", stage="label", rule="label_conflict", reason="a says x, b says y"
)


def file(path, video_id):
    return SourceFile(
        path=path,
        source="s",
        location=f"/s/{path}",
        kind="film" if video_id else "other",
        size_bytes=1,
        video_id=video_id,
    )


FILES = FoundFiles((file("a", "v"), file("b", "w"), file("c", "v"), file("d.pdf", None)))


def test_a_video_is_opened_under_the_first_name_it_was_found_by():
    catalog = Catalog(FILES, NOTHING)
    assert {v: f.path for v, f in catalog.videos.items()} == {"v": "a", "w": "b"}
    assert catalog.names == {"v": ["a", "c"], "w": ["b"]}


def test_videos_beyond_the_limit_are_no_videos_of_the_build():
    catalog = Catalog(FILES, NOTHING, left_out=frozenset({"w"}))
    assert list(catalog.videos) == ["v"]
    assert "w" in catalog.names


def test_a_catalog_comes_back_as_it_was(tmp_path):
    failure = Failure(
        subject="file", id="x", stage="ingest", error="OSError", reason="r", retryable=True
    )
    given = Given(videos={"v": VideoGiven(labels=(LABEL,), cues=(CUE,), language="en")})
    catalog = Catalog(FILES, given, (CONFLICT,), (failure,), frozenset({"w"}))
    catalog.save(tmp_path / "catalog.parquet")
    assert Catalog.load(tmp_path / "catalog.parquet") == catalog


def test_without_a_build_there_is_no_catalog(tmp_path):
    with pytest.raises(SetupError, match="merr build"):
        Catalog.load(tmp_path / "catalog.parquet")


GIVEN = {
    "labels": {"labels": (LABEL,)},
    "words": {"cues": (CUE,)},
    "spans": {"spans": (GivenSpan(start_s=0, end_s=1),)},
}


def digests(**fields):
    given = Given(videos={"v": VideoGiven(**fields)}) if fields else NOTHING
    catalog = Catalog(FILES, given)
    return {kind: catalog.given_digest(("v", "w"), kind) for kind in GIVEN}


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("beside", [{}, *GIVEN.values()])
def test_what_is_given_changes_the_digest_of_its_own_kind_alone(kind, beside):
    without, with_it = digests(**beside), digests(**{**beside, **GIVEN[kind]})
    if GIVEN[kind] != beside:
        assert {k for k in GIVEN if without[k] != with_it[k]} == {kind}


def test_no_words_in_subtitles_are_another_thing_than_no_subtitles():
    assert digests(cues=())["words"] != digests()["words"]


def test_what_is_given_for_other_videos_changes_no_digest():
    given = Given(videos={"w": VideoGiven(labels=(LABEL,))})
    catalog = Catalog(FILES, given)
    assert catalog.given_digest(("v",), "labels") == digests()["labels"]


def test_a_conflict_of_labels_changes_the_digest_of_labels():
    catalog = Catalog(FILES, NOTHING, (CONFLICT,))
    assert catalog.given_digest(("v",), "labels") != digests()["labels"]
    assert catalog.given_digest(("v",), "words") == digests()["words"]


def test_a_catalog_that_says_the_same_is_not_written_again(tmp_path):
    path = tmp_path / "catalog.parquet"
    Catalog(FILES, NOTHING).save(path)
    before = path.stat().st_ino
    Catalog(FILES, NOTHING).save(path)
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "other",
    [
        Catalog(FoundFiles(FILES[:3]), NOTHING),
        Catalog(FILES, NOTHING, (CONFLICT,)),
        Catalog(FILES, NOTHING, left_out=frozenset({"w"})),
    ],
)
def test_a_catalog_that_says_something_else_is_written(tmp_path, other):
    path = tmp_path / "catalog.parquet"
    Catalog(FILES, NOTHING).save(path)
    other.save(path)
    assert Catalog.load(path) == other


def test_a_damaged_catalog_is_written_anew(tmp_path):
    path = tmp_path / "catalog.parquet"
    path.write_bytes(b"not a table")
    Catalog(FILES, NOTHING).save(path)
    assert Catalog.load(path) == Catalog(FILES, NOTHING)
