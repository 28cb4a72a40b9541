"""Files as bad disks, broken downloads and bad people make them: a seeded change of good bytes."""

import random
import struct
from collections.abc import Callable
from typing import Final

Mutation = Callable[[bytearray, random.Random], bytearray]
LONGEST: Final = 4096
NESTS: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")


def flipped(data: bytearray, draw: random.Random) -> bytearray:
    """One to thirty bytes, changed in one bit or wholly."""
    for _ in range(draw.randint(1, 30)):
        at = draw.randrange(len(data))
        data[at] = draw.randrange(256) if draw.random() < 0.5 else data[at] ^ 1 << draw.randrange(8)
    return data


def truncated(data: bytearray, draw: random.Random) -> bytearray:
    return data[: draw.randrange(len(data))]


def inserted(data: bytearray, draw: random.Random) -> bytearray:
    at = draw.randrange(len(data))
    data[at:at] = draw.randbytes(draw.randint(1, LONGEST))
    return data


def zeroed(data: bytearray, draw: random.Random) -> bytearray:
    start = draw.randrange(len(data))
    end = min(len(data), start + draw.randint(1, LONGEST))
    data[start:end] = bytes(end - start)
    return data


def cut_out(data: bytearray, draw: random.Random) -> bytearray:
    start = draw.randrange(len(data))
    del data[start : start + draw.randint(1, LONGEST)]
    return data


def runs_swapped(data: bytearray, draw: random.Random) -> bytearray:
    """Two runs of the same length change places."""
    size = draw.randint(8, max(8, len(data) // 8))
    a = draw.randrange(max(1, len(data) - 2 * size))
    b = draw.randint(a + size, max(a + size, len(data) - size))
    return (
        data[:a] + data[b : b + size] + data[a + size : b] + data[a : a + size] + data[b + size :]
    )


def boxes_swapped(data: bytearray, draw: random.Random) -> bytearray:
    """Two boxes of the same level of an mp4 change places; of another file two runs do."""
    boxes = _boxes(data, 0, len(data))
    while draw.random() < 0.8 and (
        inner := [b for b in boxes if data[b[0] + 4 : b[0] + 8] in NESTS]
    ):
        start, end = draw.choice(inner)
        boxes = _boxes(data, start + 8, end)
    if len(boxes) < 2:
        return runs_swapped(data, draw)
    (a, a_end), (b, b_end) = sorted(draw.sample(boxes, 2))
    return data[:a] + data[b:b_end] + data[a_end:b] + data[a:a_end] + data[b_end:]


def _boxes(data: bytearray, at: int, end: int) -> list[tuple[int, int]]:
    """(start, end) of boxes that follow each other; none where there are none."""
    found = []
    while at + 8 <= end:
        (size,) = struct.unpack_from(">I", data, at)
        if size < 8 or at + size > end:
            break
        found.append((at, at + size))
        at += size
    return found


def numbered(data: bytearray, draw: random.Random) -> bytearray:
    """A 32-bit number near the start or the end, where headers and indexes are, becomes extreme."""
    near = min(len(data) - 4, 3000)
    at = draw.randrange(near) if draw.random() < 0.5 else len(data) - 4 - draw.randrange(near)
    extreme = draw.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, draw.randrange(2**32)))
    struct.pack_into(draw.choice(("<I", ">I")), data, at, extreme)
    return data


MUTATIONS: Final[tuple[Mutation, ...]] = (
    flipped, truncated, inserted, zeroed, cut_out, runs_swapped, boxes_swapped, numbered,
)  # fmt: skip


def mutants(seed: bytes, count: int, draw: random.Random) -> list[bytes]:
    """Each by one to three changes."""
    made = []
    for number in range(count):
        data = bytearray(seed)
        for _ in range(draw.choice((1, 1, 2, 3))):
            mutation = MUTATIONS[number % len(MUTATIONS)]
            data = mutation(data, draw) or data
            number = draw.randrange(len(MUTATIONS))
        made.append(bytes(data))
    return made
