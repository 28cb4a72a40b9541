"""Samples in rows, and parts of a count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.packing import chunks_of, rows_of


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(0, 100))
def test_every_sample_lies_in_one_row_and_no_row_of_several_is_too_long(lengths, row_tokens):
    rows = rows_of(lengths, row_tokens)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[p] for p in row) <= row_tokens for row in rows if len(row) > 1)


def test_without_packing_every_sample_has_its_row_in_its_order():
    assert rows_of([5, 9, 1], 0) == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("count", "most", "sizes"), [(7, 7, [7]), (7, 3, [2, 2, 3]), (32, 4, [4] * 8), (1, 5, [1])]
)
def test_parts_differ_by_at_most_one(count, most, sizes):
    assert [len(range(count)[part]) for part in chunks_of(count, most)] == sizes
