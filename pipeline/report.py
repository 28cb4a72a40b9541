"""report.html: one page on a release that a person opens offline, and can believe."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.page import data_uri, encode, fill, thumbnail
from pipeline.plots import MOST_LABELS, plot_action_units, plot_histogram, plot_labels
from pipeline.report_facts import ClipFacts, ReportHead, SheetEntry, choose_sheet
from pipeline.report_figures import (
    STATES,
    Balance,
    Fallen,
    Spread,
    balances,
    bins,
    fallen,
    label_counts,
    seen_aus,
    split_names,
    spread,
)
from pipeline.svg import COARSE, FINE, VOICE
from schemas.au import FACS_NAMES
from schemas.parquet import atomic_path
from schemas.release import Outcome

__all__ = ["ClipFacts", "ReportHead", "SheetEntry", "choose_sheet", "write_report"]

_SHEET_PX: Final = 240
_SAMPLE_PX: Final = 440
_SAMPLES: Final = 3


@dataclass(frozen=True)
class Card:
    """A chosen clip as the page shows it."""

    entry: SheetEntry
    picture: str | None  # data URI; None where there is none, or its bytes are no picture


@dataclass(frozen=True)
class Length:
    """One histogram and the numbers beside it."""

    title: str
    unit: str
    spread: Spread
    plot: str


def write_report(
    path: Path,
    *,
    head: ReportHead,
    clips: Sequence[ClipFacts],
    sheet: Sequence[SheetEntry],
    outcomes: Sequence[Outcome],
) -> None:
    """Write the page: one file, no script, nothing fetched. Equal input, equal bytes."""
    page = encode(render_report(head=head, clips=clips, sheet=sheet, outcomes=outcomes))
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(page)


def render_report(
    *,
    head: ReportHead,
    clips: Sequence[ClipFacts],
    sheet: Sequence[SheetEntry],
    outcomes: Sequence[Outcome],
) -> str:
    labels = label_counts(clips)
    aus = seen_aus(labels)
    return fill(
        "report.html.j2",
        head=head,
        books=balances(head),
        states=STATES,
        clips=len(clips),
        fine=sum(clip.tier == "fine" for clip in clips),
        hours=sum(label.hours for label in labels),
        proxies=sum(clip.proxy for clip in clips),
        labels=labels,
        shown_labels=MOST_LABELS,
        splits=split_names(clips),
        split_sizes=Counter(clip.split for clip in clips),
        label_plot=plot_labels(labels) if labels else None,
        aus=aus,
        au_names=FACS_NAMES,
        au_plot=plot_action_units(labels, aus) if aus else None,
        lengths=_lengths(clips),
        fallen=_fallen(outcomes),
        samples=[_card(entry, _SAMPLE_PX) for entry in _samples(sheet)],
        sheet=[_card(entry, _SHEET_PX) for entry in _grouped(sheet)],
        elsewhere=_elsewhere(balances(head)),
    )


def _card(entry: SheetEntry, width_px: int) -> Card:
    small = None if entry.jpeg is None else thumbnail(entry.jpeg, width_px=width_px)
    return Card(entry, None if small is None else data_uri(small))


def _samples(sheet: Sequence[SheetEntry]) -> list[SheetEntry]:
    """The first entries that have both texts, of different labels as far as there are any."""
    both = [entry for entry in sheet if entry.fine_text is not None]
    firsts = list({entry.label: entry for entry in reversed(both)}.values())[::-1]
    chosen = sorted(firsts, key=both.index)
    return [*chosen, *(entry for entry in both if entry not in chosen)][:_SAMPLES]


def _grouped(sheet: Sequence[SheetEntry]) -> list[SheetEntry]:
    """Labels together, each where its first entry was; within a label as chosen."""
    place = {label: at for at, label in enumerate(dict.fromkeys(e.label for e in sheet))}
    return sorted(sheet, key=lambda entry: place[entry.label])


def _lengths(clips: Sequence[ClipFacts]) -> list[Length]:
    fine = [float(clip.fine_words) for clip in clips if clip.fine_words is not None]
    coarse = [float(clip.coarse_words) for clip in clips if clip.coarse_words is not None]
    durations = [clip.duration_s for clip in clips if clip.duration_s is not None]
    found = (
        _length("Clip duration", "s", durations, VOICE),
        _length("Coarse caption", "words", coarse, COARSE),
        _length("Fine text", "words", fine, FINE),
    )
    return [length for length in found if length is not None]


def _length(title: str, unit: str, values: Sequence[float], tint: str) -> Length | None:
    counted, where = bins(values, whole=unit == "words"), spread(values)
    if counted is None or where is None:
        return None
    plot = plot_histogram(counted, name=title, unit=unit, tint=tint, median=where.median)
    return Length(title, unit, where, plot)


def _fallen(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Fallen]]]:
    """Titles and lines of the tables that have any."""
    tables = [
        ("Rejected by a rule", fallen(outcomes, "rejected")),
        ("Failed", fallen(outcomes, "failed")),
        ("Still pending", fallen(outcomes, "pending")),
        ("Released as coarse, not as fine", fallen(outcomes, "released")),
    ]
    return [(title, rows) for title, rows in tables if rows]


def _elsewhere(books: Sequence[Balance]) -> dict[str, str]:
    """state -> "2 files, 1 video" that are in it beside the clips; states without any left out."""
    said = {
        state: ", ".join(
            f"{book.states[state]:,} {book.subject}{'' if book.states[state] == 1 else 's'}"
            for book in books
            if book.subject != "clip" and book.states[state]
        )
        for state in STATES
    }
    return {state: text for state, text in said.items() if text}
