"""Drawings inside a page: matplotlib's SVG, cleaned so that the page's own style colours it."""

import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Drawn in colours that nobody draws in, then handed to the style sheet: light and dark follow.
INK: Final = "#010101"
MUTED: Final = "#020202"
LINE: Final = "#030303"
COARSE: Final = "#040404"
FINE: Final = "#050505"
FACE: Final = "#060606"
VOICE: Final = "#070707"
SHADE: Final = "#080808"
HEAT: Final = "#090909"
TRACES: Final = ("#0a0a0a", "#0b0b0b", "#0c0c0c", "#0d0d0d", "#0e0e0e")
_VARIABLES: Final = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    COARSE: "var(--coarse)",
    FINE: "var(--fine)",
    FACE: "var(--face)",
    VOICE: "var(--voice)",
    SHADE: "var(--shade)",
    HEAT: "var(--heat)",
    **{colour: f"var(--trace{i})" for i, colour in enumerate(TRACES, 1)},
}
_CONFIGURATION: Final = {
    "svg.fonttype": "none",  # text stays text: readable aloud, searchable, in the page's font
    "text.parse_math": False,  # labels come from outside; "$" is a character
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_NO_METADATA: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_LOCK: Final = threading.Lock()  # matplotlib's configuration is one for the whole process


def draw(
    paint: Callable[["Figure"], None], *, name: str, size_in: tuple[float, float], alt: str
) -> str:
    """The `<svg>` element of what `paint` puts on a figure. Equal input, equal bytes.

    `name` keeps the ids of several drawings on one page apart; `alt` says what is to be seen.
    """
    with _LOCK, _settled(name):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=size_in, layout="constrained")
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        paint(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    return _inline(text.getvalue(), alt)


@contextmanager
def _settled(salt: str) -> Iterator[None]:
    """Our configuration, whatever the user's own matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # The page's font draws the text, so a glyph that DejaVu lacks is not missing.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams  # its keys are typed as literals
        settings.update({**_CONFIGURATION, "svg.hashsalt": salt})
        yield


def _inline(document: str, alt: str) -> str:
    body = document[document.index("<svg") :]
    view_box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    content = body[body.index(">") + 1 :]
    content = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", content, count=1, flags=re.S)
    content = re.sub(r'<g id="[^"]*"', "<g", content)
    content = re.sub(r"font-family: [^;\"]*;? ?", "", content)
    content = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", content)
    content = re.sub(r"\s*\n\s*", "\n", content)
    for colour, variable in _VARIABLES.items():
        content = content.replace(colour, variable)
    width, height = view_box.groups() if view_box else ("0", "0")
    return (
        f'<svg class="plot" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{content}'
    )


def bare(axes: "Axes", *, keep: tuple[str, ...] = ()) -> None:
    """Take away background, ticks and every spine that is not in `keep`."""
    axes.patch.set_visible(False)
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in keep)


def shorten(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
