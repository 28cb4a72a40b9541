"""Finding files and hashing them."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

import pytest

from pipeline.hashes import HashCache, hash_file, hash_files
from pipeline.sources import find_files
from schemas.errors import ClipError, SetupError
from schemas.failure import Failure
from schemas.video import SourceFile


def put(folder: Path, *names: str, content: bytes | None = None) -> None:
    """Files whose content is their own name, unless told otherwise."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name) if content is None else content)


def paths(*sources: Path | str) -> list[str]:
    return [file.path for file in find_files([str(s) for s in sources]).files]


# -- which files ----------------------------------------------------------------------------------


def test_kinds_are_told_by_suffix_in_any_case(tmp_path: Path) -> None:
    put(tmp_path, "a.MP4", "b.Jpeg", "c.pdf", "d.m4v", "no_suffix")
    kinds = {file.path: file.kind for file in find_files([str(tmp_path)]).files}
    assert kinds == {
        "a.MP4": "film",
        "b.Jpeg": "still",
        "c.pdf": "other",
        "d.m4v": "film",
        "no_suffix": "other",
    }


def test_files_come_in_the_order_of_sources_then_of_the_bytes_of_their_paths(
    tmp_path: Path,
) -> None:
    put(tmp_path / "z", "b.mp4", "B.mp4", "a/c.mp4", "a.mp4", "\u00e4.mp4")
    put(tmp_path / "a", "1.mp4")
    expected = ["B.mp4", "a.mp4", "a/c.mp4", "b.mp4", "\u00e4.mp4", "1.mp4"]
    assert paths(tmp_path / "z", tmp_path / "a") == expected


def test_texts_that_merr_reads_itself_are_no_source_files(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "a.srt", "a.en.VTT", "Labels.csv", "transcripts.csv", "list.txt")
    assert paths(tmp_path) == ["a.mp4"]


def test_a_table_in_a_place_where_nobody_reads_it_is_counted_as_another_kind(
    tmp_path: Path,
) -> None:
    put(tmp_path, "a.mp4", "deep/labels.csv")
    assert paths(tmp_path) == ["a.mp4", "deep/labels.csv"]


def test_hidden_names_and_merrs_own_folders_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", ".b.mp4", ".git/c.mp4", "work/merr.lock", "work/d.mp4")
    put(tmp_path, "work2/books.sqlite", "work2/e.mp4", "out/manifest.json", "out/coarse/f.jpg")
    assert paths(tmp_path) == ["a.mp4"]


def test_a_users_own_manifest_hides_nothing(tmp_path: Path) -> None:
    put(tmp_path, "set/manifest.json", "set/a.mp4")
    assert paths(tmp_path) == ["set/a.mp4", "set/manifest.json"]


def test_a_file_reached_by_two_sources_is_counted_once(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "deep/b.mp4")
    again: list[Path | str] = [tmp_path, tmp_path / "deep", tmp_path / "deep" / "b.mp4"]
    again.append(f"{tmp_path}/**/*.mp4")
    assert paths(*again) == ["a.mp4", "deep/b.mp4"]


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "b.mp4")
    found = find_files([str(tmp_path / "b.mp4")])
    assert [(f.path, f.location) for f in found.files] == [("b.mp4", str(tmp_path / "b.mp4"))]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["a.mp4"]),
        ("*/*.mp4", ["x/b.mp4"]),
        ("**/*.mp4", ["a.mp4", "x/b.mp4", "x/y/c.mp4"]),
        ("x/**", ["b.mp4", "y/c.mp4"]),
        ("**/y/[a-c].mp4", ["x/y/c.mp4"]),
    ],
)
def test_a_glob_gives_paths_below_its_fixed_part(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    put(tmp_path, "a.mp4", "x/b.mp4", "x/y/c.mp4", "x/.hidden.mp4")
    assert paths(f"{tmp_path}/{pattern}") == expected


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(tmp_path: Path) -> None:
    put(tmp_path, "take[1].mp4", "take1.mp4")
    assert paths(tmp_path / "take[1].mp4") == ["take[1].mp4"]


@pytest.mark.parametrize("name", ["gone", "gone/*.mp4", "*.mp4", "empty", "only", "s3://x", ""])
def test_a_source_that_matches_nothing_is_a_setup_error_that_names_it(
    tmp_path: Path, name: str
) -> None:
    put(tmp_path, "only/a.srt", "only/.b.mp4")
    (tmp_path / "empty").mkdir()
    source = f"{tmp_path}/{name}" if name else ""
    with pytest.raises(SetupError, match="source") as error:
        find_files([source])
    assert name.split("*")[0] in str(error.value)


# -- trouble --------------------------------------------------------------------------------------


def test_a_folder_without_permission_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "locked/b.mp4")

    def listing(folder: str) -> Iterable["os.DirEntry[str]"]:
        if folder.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return os.scandir(folder)

    found = find_files([str(tmp_path)], list_folder=listing)
    assert [file.path for file in found.files] == ["a.mp4"]
    (failure,) = found.failures
    assert (failure.subject, failure.id, failure.error) == ("file", "locked", "PermissionError")
    assert failure.retryable


def test_loops_of_links_end_and_each_folder_is_entered_once(tmp_path: Path) -> None:
    put(tmp_path, "x/a.mp4", "y/b.mp4")
    (tmp_path / "x" / "up").symlink_to(tmp_path)
    (tmp_path / "y" / "to_x").symlink_to(tmp_path / "x")
    (tmp_path / "a_link").symlink_to(tmp_path / "y")
    assert paths(tmp_path) == ["x/a.mp4", "y/b.mp4"]


def test_a_film_that_links_to_nothing_or_to_itself_is_a_failure(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.mp4").symlink_to(tmp_path / "self.mp4")
    (tmp_path / "notes").symlink_to(tmp_path / "nowhere")
    found = find_files([str(tmp_path)])
    assert [file.path for file in found.files] == ["a.mp4"]
    assert [(f.id, f.error) for f in found.failures] == [
        ("gone.mp4", "FileNotFoundError"),
        ("self.mp4", "OSError"),
    ]


def test_a_pipe_dressed_as_a_film_is_never_opened(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (failure,) = find_files([str(tmp_path)]).failures
    assert failure.id == "pipe.mp4"
    assert not failure.retryable


ODD = ["-rf.mp4", "a b.mp4", "it's.mp4", 'say "hi".mp4', "two\nlines.mp4", "\u732b.mp4", "$(x).mp4"]


def test_odd_names_are_kept_as_they_are(tmp_path: Path) -> None:
    put(tmp_path, *ODD)
    found = find_files([str(tmp_path)])
    assert sorted(file.path for file in found.files) == sorted(ODD)
    assert all(Path(file.location).read_bytes() == file.path.encode() for file in found.files)


def test_a_film_whose_name_is_not_unicode_is_a_failure_that_shows_it(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", os.fsdecode(b"caf\xe9.mp4"), os.fsdecode(b"not\xe9s"))
    found = find_files([str(tmp_path)])
    assert [file.path for file in found.files] == ["a.mp4", "not\\xe9s"]
    (failure,) = found.failures
    assert failure.id == "caf\\xe9.mp4"
    assert "rename" in failure.reason
    assert "\n" not in failure.reason


# -- hashes ---------------------------------------------------------------------------------------


def hashed(
    folder: Path, cache: Path, *, rehash: bool = False
) -> tuple[list[SourceFile], list[Failure]]:
    with HashCache(cache) as open_cache:
        return hash_files(find_files([str(folder)]).files, open_cache, rehash=rehash)


def test_films_and_stills_get_the_hash_of_their_bytes_and_others_none(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.mp4", "b.jpg", "c.pdf")
    files, failures = hashed(tmp_path / "in", tmp_path / "cache.sqlite")
    expected = [hashlib.sha256(n.encode()).hexdigest() for n in ("a.mp4", "b.jpg")]
    assert [file.video_id for file in files] == [*expected, None]
    assert failures == []


def test_a_known_file_is_not_read_again_unless_asked(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.mp4", content=b"old")
    film, cache = tmp_path / "in" / "a.mp4", tmp_path / "cache.sqlite"
    first, _ = hashed(tmp_path / "in", cache)
    times = film.stat()
    film.write_bytes(b"new")
    os.utime(film, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert hashed(tmp_path / "in", cache)[0] == first
    again, _ = hashed(tmp_path / "in", cache, rehash=True)
    assert again[0].video_id == hashlib.sha256(b"new").hexdigest()
    assert hashed(tmp_path / "in", cache)[0] == again


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_file_of_another_size_or_time_is_read_again(tmp_path: Path, change: str) -> None:
    put(tmp_path / "in", "a.mp4", content=b"old")
    film, cache = tmp_path / "in" / "a.mp4", tmp_path / "cache.sqlite"
    hashed(tmp_path / "in", cache)
    times = film.stat()
    new = b"longer" if change == "size" else b"new"
    film.write_bytes(new)
    later = times.st_mtime_ns + (0 if change == "size" else 1)
    os.utime(film, ns=(times.st_atime_ns, later))
    files, _ = hashed(tmp_path / "in", cache)
    assert files[0].video_id == hashlib.sha256(new).hexdigest()
    assert files[0].size_bytes == len(new)


def test_a_file_that_is_gone_keeps_no_hash_and_is_a_failure(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.mp4", "b.mp4")
    found = find_files([str(tmp_path / "in")])
    (tmp_path / "in" / "a.mp4").unlink()
    with HashCache(tmp_path / "cache.sqlite") as cache:
        files, (failure,) = hash_files(found.files, cache)
    assert [file.video_id is None for file in files] == [True, False]
    assert (failure.id, failure.error, failure.retryable) == ("a.mp4", "FileNotFoundError", True)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")

    def read_while_it_grows(file: BufferedReader) -> str:
        with (tmp_path / "a.mp4").open("ab") as writer:
            writer.write(b"more")
        return hashlib.sha256(file.read()).hexdigest()

    with pytest.raises(ClipError, match="changed"):
        hash_file(str(tmp_path / "a.mp4"), digest=read_while_it_grows)


def test_progress_counts_every_film_and_still_to_the_end(tmp_path: Path) -> None:
    put(tmp_path / "in", *[f"{i:03}.mp4" for i in range(150)], "x.pdf")
    heard: list[tuple[int, int]] = []
    with HashCache(tmp_path / "cache.sqlite") as cache:
        files = find_files([str(tmp_path / "in")]).files
        hash_files(files, cache, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(i, 150) for i in range(1, 151)]


def test_a_broken_cache_is_a_setup_error_that_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_bytes(b"this is no database at all" * 50)
    with pytest.raises(SetupError, match=r"cache\.sqlite.*delete"):
        HashCache(tmp_path / "cache.sqlite")


def test_the_cache_can_be_read_while_it_is_open(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.mp4")
    with HashCache(tmp_path / "cache.sqlite") as cache:
        hash_files(find_files([str(tmp_path / "in")]).files, cache)
        other = sqlite3.connect(tmp_path / "cache.sqlite")
        assert other.execute("SELECT count(*) FROM hashes").fetchone() == (1,)
        other.close()
