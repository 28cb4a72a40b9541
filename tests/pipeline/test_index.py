"""The index of counts: believed only while a part is what it was."""

import os

import pytest

from pipeline.index import CountIndex
from pipeline.keys import Key
from pipeline.layout import part_name
from pipeline.parts import Part, write_part
from schemas.failure import Rejection
from schemas.label import Label

KEY = Key.of("label", {})
NAME = part_name("label", 0, KEY.name)


def write(path, rejections):
    part = Part(
        (),
        [
            Rejection(subject="clip", id=f"c{i}", stage="label", rule="no_label", reason="r")
            for i in range(rejections)
        ],
    )
    write_part(path, part, Label, KEY)


@pytest.fixture
def part(tmp_path):
    write(tmp_path / "parts" / NAME, 2)
    return tmp_path / "parts" / NAME


@pytest.fixture
def path(tmp_path):
    return tmp_path / "books.sqlite"


def test_a_part_that_is_not_there_has_no_counts(path):
    assert CountIndex.open(path).counts("label/nothing") is None


def test_a_known_part_is_not_opened_again(path, part):
    index = CountIndex.open(path)
    assert index.counts(NAME).subjects == 2
    index.save()
    stat = part.stat()
    part.write_bytes(b"x" * stat.st_size)  # no Parquet any more, but size and time are as before
    os.utime(part, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert CountIndex.open(path).counts(NAME).subjects == 2


def test_a_part_that_changed_is_read_again(path, part):
    index = CountIndex.open(path)
    index.counts(NAME)
    index.save()
    write(part, 3)
    os.utime(part, ns=(1, 1))
    assert CountIndex.open(path).counts(NAME).subjects == 3


def test_a_lost_index_grows_back(path, part):
    index = CountIndex.open(path)
    index.counts(NAME)
    index.save()
    before = path.stat().st_size
    path.unlink()
    again = CountIndex.open(path)
    assert again.counts(NAME).rejected == {"no_label": 2}
    again.save()
    assert path.stat().st_size == before


def test_an_index_that_learnt_nothing_is_not_written(path):
    index = CountIndex.open(path)
    index.counts("label/nothing")
    index.save()
    assert not path.exists()


def test_a_damaged_index_is_forgotten_and_grows_back(tmp_path):
    path = tmp_path / "books.sqlite"
    path.write_bytes(b"not a data base" * 100)
    assert CountIndex.open(path).counts("face/none.parquet") is None
    assert not path.exists()
