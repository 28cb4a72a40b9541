"""Drawings inside a page: SVG in the colours and the font of the page's own style sheet."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal
from xml.etree import ElementTree

from pipeline.terminal import columns

# Variables of style.css, so that a drawing follows the page into the dark.
INK: Final = "currentColor"
MUTED: Final = "var(--muted)"
LINE: Final = "var(--line)"
COARSE: Final = "var(--coarse)"
FINE: Final = "var(--fine)"
FACE: Final = "var(--face)"
VOICE: Final = "var(--voice)"
SHADE: Final = "var(--shade)"
HEAT: Final = "var(--heat)"
TRACES: Final = tuple(f"var(--trace{number})" for number in range(1, 6))

TEXT: Final = 9.0  # height of a line of text
_MIDDLE: Final = 0.35  # of that height: from the middle of the letters down to their foot
_ADVANCE: Final = 0.58  # of that height: the width of a letter, rather more than less

Point = tuple[float, float]


class Drawing:
    """One `<svg>`; what comes later lies on top. Lengths are points, y grows downwards.

    Equal calls give equal text. Words from outside are escaped, and stay words: readable aloud,
    searchable, in the page's font.
    """

    def __init__(self, *, width: float, height: float, alt: str) -> None:
        """`alt` says what is to be seen."""
        self._root = ElementTree.Element("svg")
        box = f"0 0 {_short(width)} {_short(height)}"
        said = {"class": "plot", "role": "img", "aria-label": alt, "viewBox": box}
        self._root.attrib |= {**said, "xmlns": "http://www.w3.org/2000/svg"}

    def box(
        self, x: tuple[float, float], y: tuple[float, float], *, fill: str, opacity: float = 1
    ) -> None:
        """From the smaller to the larger of two `x`, and of two `y`."""
        (left, right), (top, bottom) = sorted(x), sorted(y)
        size = {"width": right - left, "height": bottom - top}
        self._put("rect", {"x": left, "y": top, **size}, _filled(fill, opacity))

    def line(
        self, points: Iterable[Point], *, colour: str, width: float = 1, dash: str = ""
    ) -> None:
        """`dash` is SVG's: lengths of lines and gaps."""
        style = f"fill: none; stroke: {colour}; stroke-width: {width:g}"
        dashed = f"; stroke-dasharray: {dash}" if dash else ""
        self._put("polyline", {"points": _listed(points)}, style + dashed)

    def area(self, points: Iterable[Point], *, fill: str, opacity: float) -> None:
        self._put("polygon", {"points": _listed(points)}, _filled(fill, opacity))

    def text(
        self,
        said: str,
        at: Point,
        *,
        size: float = TEXT,
        colour: str = INK,
        anchor: Literal["start", "middle", "end"] = "start",
        upwards: bool = False,
    ) -> None:
        """One line, its middle at the height of `at`; `upwards` is read from below."""
        x, y = at
        place: dict[str, float | str] = {"x": x, "y": y + _MIDDLE * size, "text-anchor": anchor}
        if upwards:
            place["transform"] = f"rotate(-90 {_short(x)} {_short(y)})"
        self._put("text", place, f"font-size: {size:g}px; fill: {colour}").text = said

    def _put(
        self, name: str, attributes: dict[str, float | str], style: str
    ) -> ElementTree.Element:
        given = {key: v if isinstance(v, str) else _short(v) for key, v in attributes.items()}
        return ElementTree.SubElement(self._root, name, {**given, "style": style})

    def markup(self) -> str:
        ElementTree.indent(self._root, space="")
        return ElementTree.tostring(self._root, encoding="unicode")


def _filled(fill: str, opacity: float) -> str:
    return f"fill: {fill}" + (f"; opacity: {opacity:.3g}" if opacity < 1 else "")


def _listed(points: Iterable[Point]) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points)


def _short(value: float) -> str:
    """To a hundredth of a point, and never "-0"."""
    return f"{round(value, 2) + 0:.12g}"


def text_width(texts: Sequence[str], size: float = TEXT) -> float:
    """About the width of the widest of them, in points; 0 without any."""
    return max((columns(text) for text in texts), default=0) * size * _ADVANCE


def shorten(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
