"""The plots of a release's report."""

from collections.abc import Sequence
from typing import Final

from pipeline.axis import Scale, ticks
from pipeline.report_figures import Bins, LabelCount
from pipeline.svg import COARSE, FINE, HEAT, INK, LINE, MUTED, Drawing, Point, shorten, text_width

MOST_LABELS: Final = 24  # more rows than this are read in the table
_LABEL_CHARACTERS: Final = 18
_STRONGEST: Final = 0.8  # opacity of a share of 1: the number on it must stay readable
_GAP: Final = 6.0  # between a name and what it names, in points
_BARS: Final = 360.0, 24.0  # width of the plot, height of a row
_CELL: Final = 33.0, 22.0  # of the heat map, at least as wide
_CELLS: Final = 400.0  # width of all cells of a row, at least
_HISTOGRAM: Final = 252.0, 150.0


def plot_labels(labels: Sequence[LabelCount]) -> str:
    """Clips per label as bars: with a fine text, and with a coarse caption only."""
    shown = labels[:MOST_LABELS]
    names = [shorten(label.label, _LABEL_CHARACTERS) for label in shown]
    width, row = _BARS
    said = "; ".join(f"{c.label}: {c.clips} clips, {c.fine} of them fine" for c in shown)
    drawing = Drawing(width=width, height=row * len(shown), alt=f"Bar chart. {said}.")
    left = text_width(names) + _GAP
    longest = max(label.clips for label in shown)
    x = Scale(longest, left, width - text_width([f"{longest:,}"]) - _GAP)
    for place, (name, label) in enumerate(zip(names, shown, strict=True)):
        middle = row * (place + 0.5)
        thick = middle - 0.34 * row, middle + 0.34 * row
        drawing.text(name, (left - _GAP, middle), anchor="end")
        if label.fine:
            drawing.box((x(0), x(label.fine)), thick, fill=FINE)
        if label.coarse_only:
            drawing.box((x(label.fine), x(label.clips)), thick, fill=COARSE)
        drawing.text(f"{label.clips:,}", (x(label.clips) + 0.6 * _GAP, middle))
    return drawing.markup()


def plot_action_units(labels: Sequence[LabelCount], aus: Sequence[str]) -> str:
    """Label x action unit: the share of the label's clips whose peak shows the unit."""
    shown = labels[:MOST_LABELS]
    names = [shorten(label.label, _LABEL_CHARACTERS) for label in shown]
    high = _CELL[1]
    wide = max(_CELL[0], _CELLS / len(aus))
    left, top = text_width(names) + _GAP, 0.8 * high
    drawing = Drawing(
        width=left + wide * len(aus),
        height=top + high * len(shown),
        alt="Heat map: per label, the share of clips whose peak shows each action unit. "
        "The table below it holds every number.",
    )
    for column, au in enumerate(aus):
        middle = left + wide * (column + 0.5)
        drawing.text(au.removeprefix("AU"), (middle, 0.4 * high), anchor="middle")
    for row, (name, label) in enumerate(zip(names, shown, strict=True)):
        middle = top + high * (row + 0.5)
        drawing.text(name, (left - _GAP, middle), anchor="end")
        for column, au in enumerate(aus):
            at = left + wide * (column + 0.5), middle
            _cell(drawing, at, (wide, high), label.aus.get(au, 0) / label.clips)
    return drawing.markup()


def _cell(drawing: Drawing, at: Point, size: tuple[float, float], share: float) -> None:
    """In the middle of the place `at`, with some room to its neighbours."""
    (x, y), (wide, high) = at, size
    across, down = (x - 0.47 * wide, x + 0.47 * wide), (y - 0.45 * high, y + 0.45 * high)
    drawing.box(across, down, fill=LINE, opacity=0.35)
    if share > 0:
        drawing.box(across, down, fill=HEAT, opacity=_STRONGEST * share)
        text = f"{100 * share:.0f}" if share >= 0.01 else "<1"
        drawing.text(text, at, size=8, anchor="middle")


def plot_histogram(bins: Bins, *, name: str, unit: str, tint: str, median: float) -> str:
    """How many clips have a value of this size, with the median marked."""
    width, height = _HISTOGRAM
    alt = f"Histogram of {name} in {unit}: median {median:g}, bars {bins.step:g} {unit} wide."
    drawing = Drawing(width=width, height=height, alt=alt)
    top = max(bins.counts)
    heights = ticks(top * 1.2, steps=3, whole=True)
    left = text_width([f"{value:,.0f}" for value in heights]) + _GAP
    x = Scale(bins.end, left, width - 8)
    y = Scale(top * 1.2, height - 30, 2)
    for value in heights:
        drawing.line([(left, y(value)), (x.end, y(value))], colour=LINE, width=0.6)
        drawing.text(f"{value:,.0f}", (left - _GAP, y(value)), colour=MUTED, anchor="end")
    for value in ticks(bins.end, steps=6, whole=unit != "s"):
        drawing.text(f"{value:g}", (x(value), height - 21), colour=MUTED, anchor="middle")
    drawing.text(unit, ((left + x.end) / 2, height - 7), colour=MUTED, anchor="middle")
    for place, count in enumerate(bins.counts):
        if count:
            start = bins.step * place
            drawing.box((x(start), x(start + 0.92 * bins.step)), (y(0), y(count)), fill=tint)
    drawing.line([(left, y(0)), (x.end, y(0))], colour=LINE, width=0.8)
    _mark_median(drawing, x, y, bins, median, f"{median:g}" if unit != "s" else f"{median:.1f} s")
    return drawing.markup()


def _mark_median(
    drawing: Drawing, x: Scale, y: Scale, bins: Bins, median: float, said: str
) -> None:
    top, at = max(bins.counts), x(min(median, bins.end))
    drawing.line([(at, y(0)), (at, y(top * 1.06))], colour=INK, dash="3 2")
    near_end = median > 0.6 * bins.end
    drawing.text(
        f"median {said}",
        (at + (-3 if near_end else 3), y(top * 1.13)),
        anchor="end" if near_end else "start",
    )
