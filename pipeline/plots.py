"""The plots of a release's report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pipeline.report_figures import Bins, LabelCount
from pipeline.svg import COARSE, FINE, HEAT, INK, LINE, MUTED, bare, draw, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELS: Final = 24  # more rows than this are read in the table
_LABEL_CHARACTERS: Final = 18
_STRONGEST: Final = 0.8  # opacity of a share of 1: the number on it must stay readable


def plot_labels(labels: Sequence[LabelCount]) -> str:
    """Clips per label as bars: with a fine text, and with a coarse caption only."""
    shown = labels[:MOST_LABELS]

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        bare(axes)
        rows = range(len(shown))
        fine = [label.fine for label in shown]
        axes.barh(rows, fine, color=FINE, height=0.68)
        axes.barh(rows, [c.coarse_only for c in shown], left=fine, color=COARSE, height=0.68)
        longest = max(label.clips for label in shown)
        for row, label in enumerate(shown):
            axes.text(label.clips + longest * 0.015, row, f"{label.clips:,}", va="center")
        axes.set_yticks(rows, [shorten(c.label, _LABEL_CHARACTERS) for c in shown])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_xticks([])
        axes.set_xlim(0, longest * 1.14)
        axes.set_ylim(len(shown) - 0.5, -0.5)

    said = "; ".join(f"{c.label}: {c.clips} clips, {c.fine} of them fine" for c in shown)
    height = 0.25 + 0.34 * len(shown)
    return draw(paint, name="labels", size_in=(5.0, height), alt=f"Bar chart. {said}.")


def plot_action_units(labels: Sequence[LabelCount], aus: Sequence[str]) -> str:
    """Label x action unit: the share of the label's clips whose peak shows the unit."""
    shown = labels[:MOST_LABELS]

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        bare(axes)
        for row, label in enumerate(shown):
            for column, au in enumerate(aus):
                _cell(axes, column, row, label.aus.get(au, 0) / label.clips)
        axes.set_xticks(range(len(aus)), [au.removeprefix("AU") for au in aus])
        axes.set_yticks(range(len(shown)), [shorten(c.label, _LABEL_CHARACTERS) for c in shown])
        axes.tick_params(labelcolor=INK)
        axes.tick_params(axis="x", labelbottom=False, labeltop=True)
        axes.set_xlim(-0.5, len(aus) - 0.5)
        axes.set_ylim(len(shown) - 0.5, -0.5)

    width = 1.3 + 0.46 * len(aus)
    return draw(
        paint,
        name="action-units",
        size_in=(width, 0.35 + 0.31 * len(shown)),
        alt="Heat map: per label, the share of clips whose peak shows each action unit. "
        "The table below it holds every number.",
    )


def _cell(axes: "Axes", column: int, row: int, share: float) -> None:
    from matplotlib.patches import Rectangle

    corner = (column - 0.47, row - 0.45)
    axes.add_patch(Rectangle(corner, 0.94, 0.9, facecolor=LINE, alpha=0.35, linewidth=0))
    if share > 0:
        axes.add_patch(
            Rectangle(corner, 0.94, 0.9, facecolor=HEAT, alpha=_STRONGEST * share, linewidth=0)
        )
        text = f"{100 * share:.0f}" if share >= 0.01 else "<1"
        axes.text(column, row, text, ha="center", va="center_baseline", fontsize=8)


def plot_histogram(bins: Bins, *, name: str, unit: str, tint: str, median: float) -> str:
    """How many clips have a value of this size, with the median marked."""

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        bare(axes, keep=("bottom",))
        edges = [bins.step * place for place in range(len(bins.counts))]
        axes.bar(edges, bins.counts, width=bins.step * 0.92, align="edge", color=tint)
        top = max(bins.counts)
        axes.vlines(median, 0, top * 1.06, color=INK, linewidth=1, linestyle=(0, (3, 2)))
        near_end = median > 0.6 * bins.end
        axes.text(
            median + bins.end * (-0.015 if near_end else 0.015),
            top * 1.13,
            f"median {median:g}" if unit != "s" else f"median {median:.1f} s",
            ha="right" if near_end else "left",
            va="center",
        )
        axes.set_ylim(0, top * 1.2)
        axes.set_xlim(0, bins.end)
        axes.locator_params(axis="y", nbins=3, integer=True)
        axes.locator_params(axis="x", nbins=6, integer=unit != "s")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(unit, color=MUTED)

    alt = f"Histogram of {name} in {unit}: median {median:g}, bars {bins.step:g} {unit} wide."
    return draw(paint, name=name, size_in=(3.5, 2.1), alt=alt)
