"""The page of one clip that `merr show --open` opens."""

from dataclasses import dataclass

from pipeline.clip_view import (
    ClipView,
    measure,
    origins,
    span_text,
    strongest_aus,
)
from pipeline.page import fill
from pipeline.timeline import DASHES, plot_timeline
from schemas.au import FACS_NAMES
from schemas.clues import Clue
from schemas.failure import Rejection


@dataclass(frozen=True)
class EvidenceLine:
    anchor: str
    key: str
    modality: str
    measure: str | None
    text: str | None
    when: str | None


@dataclass(frozen=True)
class Trace:
    """A line of the timeline, for its key."""

    number: int  # of the style sheet's --trace colour
    dash: str
    au: str
    name: str
    highest: float


@dataclass(frozen=True)
class Citation:
    key: str
    anchor: str | None  # None: no such item of evidence


@dataclass(frozen=True)
class CitedClue:
    clue: Clue
    cites: tuple[Citation, ...]


def render_clip(view: ClipView) -> str:
    """The whole page as text: one file, no script, nothing fetched. Equal input, equal bytes.

    Write it with pipeline.page.encode, because names of files may hold bytes that are no text.
    """
    evidence = _evidence(view)
    return fill(
        "clip.html.j2",
        view=view,
        clip=view.clip,
        timeline=plot_timeline(view),
        traces=_traces(view),
        evidence=evidence,
        clues=_clues(view, {line.key: line.anchor for line in evidence}),
        origins=origins(view),
        fallen=[(fell, isinstance(fell, Rejection)) for fell in view.fallen],
        au_names=FACS_NAMES,
    )


def _evidence(view: ClipView) -> list[EvidenceLine]:
    items = view.evidence.items if view.evidence is not None else ()
    return [
        EvidenceLine(
            f"evidence-{place}",
            item.key,
            item.modality,
            measure(item),
            item.text,
            span_text(item.start_s, item.end_s),
        )
        for place, item in enumerate(items)
    ]


def _clues(view: ClipView, anchors: dict[str, str]) -> list[CitedClue]:
    return [
        CitedClue(clue, tuple(Citation(key, anchors.get(key)) for key in clue.evidence))
        for clue in view.written_clues
    ]


def _traces(view: ClipView) -> list[Trace]:
    if view.track is None:
        return []
    strongest = strongest_aus(view.track, view.min_confidence)
    return [
        Trace(number, dash, au, FACS_NAMES[au], highest)
        for number, (dash, (au, highest)) in enumerate(zip(DASHES, strongest, strict=False), 1)
    ]
