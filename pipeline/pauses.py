"""Cuts speech into pieces at its pauses, inside shots. Whole microseconds, half-open spans."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Piece = tuple[int, int]  # start and end, in microseconds


def pieces_of(
    speech: Iterable[Piece],
    shots: Sequence[Piece],
    *,
    min_us: int,
    max_us: int,
    join_us: int,
    margin_us: int,
) -> list[Piece]:
    """Pieces in order, without overlap, each inside one shot and at most `max_us` long.

    `speech`: subtitles or voiced spans, in any order, overlapping or not; what crosses a shot is
    divided there. Neighbours less than `join_us` apart are joined, and what then is too long is
    cut at its longest pauses; speech without a pause is cut into equal parts. Every piece gets
    `margin_us` on both sides, more when it is shorter than `min_us`, up to the middle of the pause
    and the edge of the shot. A piece that is still shorter than `min_us` comes back as it is.
    """
    rows = _without_overlap(speech)
    return [
        piece
        for shot in shots
        for piece in _with_margins(
            [
                _ends(part)
                for group in _joined(_inside(rows, shot, max_us), join_us)
                for part in _cut_at_pauses(group, min_us=min_us, max_us=max_us)
            ],
            shot,
            min_us=min_us,
            max_us=max_us,
            margin_us=margin_us,
        )
    ]


def _without_overlap(speech: Iterable[Piece]) -> list[Piece]:
    """In order; a row gives way to the one before it, so that starts of rows stay places to cut."""
    found: list[Piece] = []
    for start, end in sorted(speech):
        start = max(start, found[-1][1] if found else 0)
        if start < end:
            found.append((start, end))
    return found


def _inside(rows: Sequence[Piece], shot: Piece, max_us: int) -> list[Piece]:
    """The parts of the rows that lie in the shot; a part too long for a clip in equal parts."""
    found: list[Piece] = []
    for start, end in rows:
        start, end = max(start, shot[0]), min(end, shot[1])
        if start < end:
            parts = -(-(end - start) // max_us)
            edges = [start + (end - start) * part // parts for part in range(parts + 1)]
            found.extend(pairwise(edges))
    return found


def _joined(rows: Sequence[Piece], join_us: int) -> list[list[Piece]]:
    groups: list[list[Piece]] = []
    for row in rows:
        if groups and row[0] - groups[-1][-1][1] < join_us:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _cut_at_pauses(group: list[Piece], *, min_us: int, max_us: int) -> list[list[Piece]]:
    """Halves a group at its longest pause until nothing is longer than `max_us`; in order."""
    done: list[list[Piece]] = []
    waiting = [group]
    while waiting:
        part = waiting.pop()
        start, end = _ends(part)
        if end - start <= max_us:
            done.append(part)
        else:
            at = _best_pause(part, min_us)
            waiting += [part[at:], part[:at]]  # the earlier half is taken next
    return done


def _best_pause(part: list[Piece], min_us: int) -> int:
    """Index of the row to start anew with: after the longest pause that leaves two long enough
    halves, else after the longest pause; of equal ones the most central."""
    start, end = _ends(part)

    def worth(at: int) -> tuple[bool, int, int]:
        before, after = part[at - 1][1], part[at][0]
        long_enough = before - start >= min_us and end - after >= min_us
        return long_enough, after - before, -abs(before + after - start - end)

    return max(range(1, len(part)), key=worth)


def _ends(part: Sequence[Piece]) -> Piece:
    return part[0][0], part[-1][1]


def _with_margins(
    pieces: Sequence[Piece], shot: Piece, *, min_us: int, max_us: int, margin_us: int
) -> list[Piece]:
    middles = [(a[1] + b[0]) // 2 for a, b in pairwise(pieces)]
    grounds = zip([shot[0], *middles], [*middles, shot[1]], strict=True) if pieces else ()
    return [
        _widened(piece, ground, min_us=min_us, max_us=max_us, margin_us=margin_us)
        for piece, ground in zip(pieces, grounds, strict=True)
    ]


def _widened(piece: Piece, ground: Piece, *, min_us: int, max_us: int, margin_us: int) -> Piece:
    """Grows evenly; what one side has no room for, the other gets, as far as `min_us` asks."""
    length = piece[1] - piece[0]
    margin_us = min(margin_us, (max_us - length) // 2)
    before = min(margin_us, piece[0] - ground[0])
    after = min(margin_us, ground[1] - piece[1])
    missing = max(0, min_us - length - before - after)
    more_before = min(missing // 2, piece[0] - ground[0] - before)
    more_after = min(missing - more_before, ground[1] - piece[1] - after)
    more_before = min(missing - more_after, piece[0] - ground[0] - before)
    return piece[0] - before - more_before, piece[1] + after + more_after
