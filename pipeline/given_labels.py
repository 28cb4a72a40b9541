"""Labels that people gave: known words only, each said once, and none that contradict."""

import difflib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.given import GivenLabel
from pipeline.given_lines import Line, Lines
from schemas.failure import Rejection
from schemas.label import Vocabulary

Span = tuple[float, float] | None


@dataclass(frozen=True)
class _Opinion:
    line: Line
    label: str
    valence: float | None
    span: Span  # None: the whole video


def read_labels(
    lines: Lines, vocabulary: Vocabulary
) -> tuple[dict[str, tuple[GivenLabel, ...]], list[Rejection]]:
    """video_id -> its labels in the order of their spans, and a Rejection for each video some
    of whose labels contradict each other; those are dropped, on all sides."""
    said: dict[str, list[_Opinion]] = defaultdict(list)
    for line in lines.of("labels"):
        opinion = _opinion(line, lines, vocabulary)
        if opinion is not None:
            said[line.video_id].append(opinion)
    labels: dict[str, tuple[GivenLabel, ...]] = {}
    conflicts: list[Rejection] = []
    for video_id, opinions in said.items():
        against = _contradicting(opinions)
        if against:
            conflicts.append(_conflict(video_id, [o for o in opinions if id(o) in against]))
        agreed = _merged([o for o in opinions if id(o) not in against])
        labels |= {video_id: agreed} if agreed else {}
    return labels, conflicts


def _opinion(line: Line, lines: Lines, vocabulary: Vocabulary) -> _Opinion | None:
    word = line.row.values.get("label")
    label = None if word is None else vocabulary.canonical(word)
    if word is None:
        lines.reject(line, "bad_row", "it has no label")
    elif label is None:
        lines.reject(line, "unknown_label", _unknown(word, vocabulary))
    else:
        try:
            line.number("count")  # of frames, in MERR's lists; nothing is done with it
            return _Opinion(line, label, line.number("valence"), line.span())
        except ValueError as e:
            lines.reject(line, "bad_number", str(e))
    return None


def _unknown(word: str, vocabulary: Vocabulary) -> str:
    known = [*vocabulary.labels, *vocabulary.aliases]
    near = difflib.get_close_matches(word.lower(), known, 1)
    meant = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(vocabulary.labels)}"
    return f"{word!r} is not in the vocabulary {vocabulary.name}; {meant}"


def _contradicting(opinions: Sequence[_Opinion]) -> set[int]:
    """id() of the opinions that share time with one of another label."""
    if len({o.label for o in opinions}) < 2:
        return set()
    against: set[int] = set()
    running: list[_Opinion] = []
    for opinion in sorted(opinions, key=lambda o: _times(o.span)):
        start_s = _times(opinion.span)[0]
        running = [o for o in running if _times(o.span)[1] > start_s]
        others = [o for o in running if o.label != opinion.label]
        against |= {id(o) for o in others} | ({id(opinion)} if others else set())
        running.append(opinion)
    return against


def _times(span: Span) -> tuple[float, float]:
    return (0.0, float("inf")) if span is None else span


def _conflict(video_id: str, opinions: Sequence[_Opinion]) -> Rejection:
    said = [f"{o.line.at} says {o.label}" for o in opinions]
    more = f" and {len(said) - 4} more" if len(said) > 4 else ""
    return Rejection(
        subject="video",
        id=video_id,
        stage="label",
        rule="label_conflict",
        reason=f"{', '.join(said[:4])}{more}, for the same time; these are set aside: keep one",
    )


def _merged(opinions: Sequence[_Opinion]) -> tuple[GivenLabel, ...]:
    """The same label for the same span is one; it has a valence when those given agree."""
    groups: dict[tuple[Span, str], list[_Opinion]] = defaultdict(list)
    for opinion in sorted(opinions, key=lambda o: (_times(o.span), o.label)):
        groups[opinion.span, opinion.label].append(opinion)
    return tuple(_label(span, label, same) for (span, label), same in groups.items())


def _label(span: Span, label: str, same: Sequence[_Opinion]) -> GivenLabel:
    valences = {o.valence for o in same if o.valence is not None}
    return GivenLabel(
        label=label,
        valence=valences.pop() if len(valences) == 1 else None,
        start_s=None if span is None else span[0],
        end_s=None if span is None else span[1],
        source=same[0].line.table.name,
    )
