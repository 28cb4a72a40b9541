"""Samples laid into rows: several behind each other, or one in each."""

from collections.abc import Sequence
from itertools import pairwise


def rows_of(lengths: Sequence[int], row_tokens: int) -> list[list[int]]:
    """Places of samples by row: the longest first, each into the first row with room (first fit
    decreasing). Inside a row they stand in their order. A sample longer than a row has one of its
    own; with `row_tokens` 0 every sample has."""
    rows: list[list[int]] = []
    room: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length = lengths[place]
        row = next((r for r, free in enumerate(room) if length <= free), None)
        if row is None:
            rows.append([place])
            room.append(row_tokens - length)
        else:
            rows[row].append(place)
            room[row] -= length
    return sorted(sorted(row) for row in rows)


def chunks_of(count: int, at_most: int) -> list[slice]:
    """0..count in as few parts as fit, which differ by at most one."""
    parts = -(-count // at_most)
    ends = [count * part // parts for part in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(ends)]
