"""Parquet files: whole or not there, equal for equal rows, read back only where understood."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.arrow import SCHEMA_VERSION
from schemas.errors import SetupError
from schemas.failure import Rejection
from schemas.parquet import (
    atomic_path,
    read_column,
    read_metadata,
    read_rows,
    table_of,
    write_rows,
    write_table,
)
from schemas.units import Row

MAJOR = int(SCHEMA_VERSION.split(".")[0])


class Picture(Row):
    jpeg: bytes


def rejections(count):
    return [
        Rejection(subject="clip", id=f"c{i}", stage="coarse", rule="no_face", reason=f"r{i}")
        for i in range(count)
    ]


def test_equal_rows_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write_rows(tmp_path / name, rejections(300), Rejection, {"b": "2", "a": "1"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_was_said_beside_the_rows_is_read_without_them(tmp_path):
    write_rows(tmp_path / "p", rejections(1), Rejection, {"key": "käse"})
    assert read_metadata(tmp_path / "p") == {
        "key": "käse",
        "model": "Rejection",
        "schema_version": SCHEMA_VERSION,
    }


def test_a_file_without_rows_still_has_its_columns(tmp_path):
    write_rows(tmp_path / "p", [], Rejection)
    assert read_rows(tmp_path / "p", Rejection) == []
    assert pq.read_schema(tmp_path / "p").names == list(Rejection.model_fields)


def test_one_row_with_media_costs_at_most_a_hundred(tmp_path):
    assert groups_of(tmp_path / "p", [Picture(jpeg=b"\xff")] * 250, Picture) == [100, 100, 50]


def test_small_rows_lie_together(tmp_path):
    assert groups_of(tmp_path / "p", rejections(250), Rejection) == [250]


def groups_of(path, rows, row):
    write_rows(path, rows, row)
    file = pq.read_metadata(path)
    return [file.row_group(i).num_rows for i in range(file.num_row_groups)]


def test_a_file_of_a_release_is_compressed_and_only_keys_have_dictionaries(tmp_path):
    write_table(tmp_path / "p", table_of(rejections(50), Rejection))
    group = pq.read_metadata(tmp_path / "p").row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {c.compression for c in columns.values()} == {"ZSTD"}
    with_dictionary = {name for name, c in columns.items() if c.has_dictionary_page}
    assert with_dictionary == {"rule", "stage", "subject"}
    assert all(c.has_offset_index for c in columns.values())


def test_a_writer_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "new" / "p"
    write_rows(path, rejections(1), Rejection)
    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def write_half(path):
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(b"half")
        raise RuntimeError


def test_nothing_is_seen_under_the_name_before_the_end(tmp_path):
    with atomic_path(tmp_path / "p") as unfinished:
        unfinished.write_bytes(b"whole")
        assert not (tmp_path / "p").exists()
        assert unfinished.parent == tmp_path
        assert unfinished.name.startswith(".")
    assert (tmp_path / "p").read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "p"]


class Old(Row):
    word: str


class New(Row):
    word: str
    added: float | None = None


def test_a_column_added_later_is_none_in_an_older_file(tmp_path):
    write_rows(tmp_path / "p", [Old(word="w")], Old)
    assert read_rows(tmp_path / "p", New) == [New(word="w", added=None)]


def write_as(path, version):
    schema = pa.schema([("word", pa.string())], version and {"schema_version": version})
    pq.write_table(pa.table({"word": ["w"]}, schema), path)


@pytest.mark.parametrize("minor", [0, 7])
def test_every_minor_version_of_our_major_is_read(tmp_path, minor):
    write_as(tmp_path / "p", f"{MAJOR}.{minor}")
    assert read_rows(tmp_path / "p", Old) == [Old(word="w")]


@pytest.mark.parametrize(
    ("version", "told"),
    [(f"{MAJOR + 1}.0", f"{MAJOR + 1}.0"), (f"{MAJOR}0.1", "0.1"), (None, "missing")],
)
def test_another_major_version_is_refused_with_what_was_found(tmp_path, version, told):
    write_as(tmp_path / "p.parquet", version)
    with pytest.raises(SetupError, match=rf"p\.parquet: schema version .*{told}"):
        read_rows(tmp_path / "p.parquet", Old)


@pytest.mark.parametrize("read", [read_metadata, lambda path: read_column(path, "clip_id")])
def test_a_damaged_file_says_which_it_is_and_what_to_do(tmp_path, read):
    path = tmp_path / "part.parquet"
    path.write_bytes(b"PAR1" + b"\x00" * 100)
    with pytest.raises(SetupError, match=r"part\.parquet: is damaged .* remove it and make it"):
        read(path)
