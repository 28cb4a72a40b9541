"""What a report is told about a release: its head, a few numbers per clip, and chosen clips."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from schemas.release import EngineUse


@dataclass(frozen=True)
class ReportHead:
    """What holds for the whole release. Keys of `found` and `states` are Subjects ("clip")."""

    name: str
    version: str
    licence: str  # what may be done with the whole
    source_licence: str | None  # None: nobody said
    engines: tuple[EngineUse, ...]
    found: dict[str, int]  # subject -> how many were found at the source
    states: dict[str, dict[str, int]]  # subject -> State -> how many
    people: str | None = None  # how much of it people saw; None: nobody saw any


@dataclass(frozen=True)
class ClipFacts:
    """A released clip: cheap numbers only, so that tens of thousands fit."""

    clip_id: str
    label: str
    tier: Literal["coarse", "fine"]  # the highest it is in
    split: str
    duration_s: float | None  # None: nobody saw the video
    peak_aus: tuple[str, ...]  # present at the peak
    coarse_words: int | None  # None: no caption
    fine_words: int | None  # None: no fine text
    proxy: bool  # its action units are computed from geometry, not measured


@dataclass(frozen=True)
class SheetEntry:
    """A clip chosen by `choose_sheet`, with its picture and texts."""

    clip_id: str
    name: str
    label: str
    peak_t_s: float | None  # None: not known
    jpeg: bytes | None  # the peak frame; None where the release may not show it
    caption: str | None
    fine_text: str | None


def choose_sheet(clips: Sequence[ClipFacts], *, seed: int, most: int = 48) -> list[str]:
    """Ids of up to `most` clips: the labels take turns, and within a label a hash decides.

    The first of a label is one with a fine text where there is one. What is chosen depends on the
    clips and the seed, not on their order.
    """
    by_label: dict[str, list[ClipFacts]] = defaultdict(list)
    for clip in clips:
        by_label[clip.label].append(clip)
    queues = [_drawn(group, seed) for _, group in sorted(by_label.items(), key=_largest_first)]
    return [clip.clip_id for clip in islice(_in_turn(queues), most)]


def _largest_first(item: tuple[str, list[ClipFacts]]) -> tuple[int, str]:
    return -len(item[1]), item[0]


def _drawn(group: list[ClipFacts], seed: int) -> list[ClipFacts]:
    def lot(clip: ClipFacts) -> str:
        return hashlib.sha256(f"{seed}:{clip.clip_id}".encode()).hexdigest()

    drawn = sorted(group, key=lot)
    first = next((clip for clip in drawn if clip.tier == "fine"), drawn[0])
    return [first, *(clip for clip in drawn if clip is not first)]


def _in_turn(queues: list[list[ClipFacts]]) -> Iterator[ClipFacts]:
    for place in range(max(map(len, queues), default=0)):
        yield from (queue[place] for queue in queues if place < len(queue))
