"""What the figures of a report and of a clip's page show, read back from their SVG."""

import re
from xml.etree import ElementTree

import pytest

from pipeline.axis import Scale, ticks
from pipeline.plots import plot_action_units, plot_histogram, plot_labels
from pipeline.report_figures import Bins, LabelCount
from pipeline.svg import FINE, HEAT, INK, MUTED, SHADE, VOICE, Drawing
from pipeline.timeline import plot_timeline
from tests.pipeline.test_clip_page import full_view

SVG = "{http://www.w3.org/2000/svg}"


def read(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)  # noqa: S314  our own drawing


def shapes(drawn: str, kind: str, colour: str) -> list[dict[str, str]]:
    found = read(drawn).iter(SVG + kind)
    return [one.attrib for one in found if f": {colour}" in one.attrib["style"]]


def texts(drawn: str) -> list[str]:
    return [one.text or "" for one in read(drawn).iter(SVG + "text")]


def count(label: str, *, coarse: int = 0, fine: int = 0, **aus: int) -> LabelCount:
    return LabelCount(label, coarse, fine, hours=1, splits={}, aus=aus)


def test_bars_are_as_long_as_their_counts():
    drawn = plot_labels([count("happy", fine=40), count("sad", fine=10, coarse=5)])
    long, short = (float(bar["width"]) for bar in shapes(drawn, "rect", FINE))
    assert long / short == pytest.approx(4, abs=0.01)
    assert texts(drawn) == ["happy", "40", "sad", "15"]


def test_every_row_of_the_heat_map_says_its_shares():
    drawn = plot_action_units(
        [count("happy", fine=200, AU06=1, AU12=100)], ["AU06", "AU09", "AU12"]
    )
    assert texts(drawn) == ["06", "09", "12", "happy", "<1", "50"]
    assert len(shapes(drawn, "rect", HEAT)) == 2


def test_a_histogram_draws_a_bar_for_every_bin_that_holds_something():
    drawn = plot_histogram(
        Bins(0.5, (2, 0, 4), 0), name="Duration", unit="s", tint=VOICE, median=1.2
    )
    low, high = (float(bar["height"]) for bar in shapes(drawn, "rect", VOICE))
    assert high / low == pytest.approx(2, abs=0.01)
    assert "median 1.2 s" in texts(drawn)
    assert {"0", "0.5", "1", "1.5", "s"} <= set(texts(drawn))


def test_nothing_is_drawn_outside_a_figure():
    view = full_view("word " * 50)
    figures = [
        plot_timeline(view),
        plot_labels([count("a" * 40, fine=3)]),
        plot_action_units([count("x", fine=1, AU12=1)], ["AU12"]),
        plot_histogram(Bins(1, (1, 2), 9), name="n", unit="words", tint=FINE, median=30),
    ]
    for drawn in figures:
        assert drawn is not None
        root = read(drawn)
        width, height = (float(n) for n in root.attrib["viewBox"].split()[2:])
        points = [p.split(",") for one in root.iter() for p in one.get("points", "").split()]
        for one in root.iter(SVG + "rect"):
            x, y, w, h = (float(one.attrib[n]) for n in ("x", "y", "width", "height"))
            points += [[str(x), str(y)], [str(x + w), str(y + h)]]
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in points)


def test_the_timeline_breaks_a_line_where_nothing_is_known_and_marks_the_peak():
    drawn = plot_timeline(full_view())
    assert drawn is not None
    assert "peak 1.00 s" in texts(drawn)
    assert "I never thought so." in texts(drawn)
    peak = {line["points"].split(",")[0] for line in shapes(drawn, "polyline", INK)}
    assert peak == {f"{Scale(4, 36, 742)(1):g}"}  # the same time in every row
    dotted = [line for line in shapes(drawn, "polyline", SHADE) if "dasharray" in line["style"]]
    assert len(dotted) == 2  # one cut, in two rows


def test_words_from_outside_stay_words():
    drawing = Drawing(width=10, height=10, alt='"<b>&')
    drawing.text("<script>&", (1, 1), colour=MUTED)
    assert texts(drawing.markup()) == ["<script>&"]
    assert read(drawing.markup()).attrib["aria-label"] == '"<b>&'
    assert "<script" not in drawing.markup()


def test_numbers_are_short_and_zero_has_no_sign():
    drawing = Drawing(width=1 / 3, height=10, alt="")
    drawing.line([(-0.001, 2 / 3), (1e3, 5)], colour=INK)
    assert re.findall(r'points="([^"]*)"', drawing.markup()) == ["0,0.67 1000,5"]


@pytest.mark.parametrize(
    ("most", "whole", "named"),
    [
        (4.8, True, [0, 2, 4]),
        (1, True, [0, 1]),
        (0.3, False, [0, 0.1, 0.2, 0.3]),
        (3, False, [0, 1, 2, 3]),
        (1000, True, [0, 500, 1000]),
    ],
)
def test_ticks_are_round_and_not_beyond_the_end(most, whole, named):
    assert ticks(most, steps=3, whole=whole) == pytest.approx(named)
