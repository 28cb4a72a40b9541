import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.page import percent, thumbnail
from pipeline.report import (
    ClipFacts,
    ReportHead,
    SheetEntry,
    choose_sheet,
    render_report,
    write_report,
)
from pipeline.report_figures import balances, bins, fallen, label_counts, spread
from schemas.release import EngineUse, Outcome

ENGINE = EngineUse(
    stage="tone", engine="opensmile", version="3", licence="research only", non_commercial=True
)


def jpeg(width: int = 640, height: int = 360) -> bytes:
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    picture = np.broadcast_to(ramp[None, :, None], (height, width, 3))
    return cv2.imencode(".jpg", np.ascontiguousarray(picture))[1].tobytes()


JPEG = jpeg()


def facts(number: int, label: str = "happy", *, fine: bool = False, proxy: bool = True):
    return ClipFacts(
        clip_id=f"{number:032x}",
        label=label,
        tier="fine" if fine else "coarse",
        split="test" if number % 10 == 0 else "train",
        duration_s=1 + number % 7,
        peak_aus=("AU06", "AU12") if label == "happy" else ("AU04",),
        coarse_words=20 + number % 30,
        fine_words=40 + number % 9 if fine else None,
        proxy=proxy,
    )


def entry(
    clip: ClipFacts, *, caption: str = "A smile.", name: str = "a.mp4", picture: bytes | None = JPEG
):
    fine_text = "Raised cheeks speak for it." if clip.tier == "fine" else None
    return SheetEntry(clip.clip_id, name, clip.label, 1.2, picture, caption, fine_text)


def head(
    clips: int = 0, *, found: int | None = None, engines: tuple[EngineUse, ...] = ()
) -> ReportHead:
    return ReportHead(
        name="demo",
        version="0.1.0",
        licence="CC BY 4.0",
        source_licence=None,
        engines=engines,
        found={"file": 2, "video": 1, "clip": clips if found is None else found},
        states={
            "file": {"released": 1, "other_kind": 1},
            "video": {"released": 1},
            "clip": {"released": clips},
        },
    )


def outcome(id_: str, state: str, *, detail: str | None = "a sentence", **fields: str | None):
    row = {"subject": "clip", "tier": None, "stage": "peak", "reason": "no_face", **fields}
    return Outcome.model_validate({**row, "id": id_, "state": state, "detail": detail})


def page(clips=(), *, sheet=(), outcomes=(), **of_head) -> str:
    return render_report(
        head=head(len(clips), **of_head), clips=clips, sheet=sheet, outcomes=outcomes
    )


class Elements(HTMLParser):
    """Every element with its attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def full_page() -> str:
    clips = [facts(i, "sad" if i % 3 else "happy", fine=i % 4 == 0) for i in range(60)]
    sheet = [entry(clip) for clip in clips[:10]]
    outcomes = [outcome("a", "rejected"), outcome("b", "failed", reason="DecodeError")]
    return page(clips, sheet=sheet, outcomes=outcomes, engines=(ENGINE,))


def test_text_from_outside_never_becomes_markup():
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    clip = facts(1, f"happy{evil}", fine=True)
    shown = entry(clip, caption=evil, name=f'"><b>{evil}.mp4')
    html = page([clip], sheet=[shown], outcomes=[outcome(evil, "rejected", detail=evil)])
    elements = Elements(html)
    assert not elements.all("script")
    assert not [image for image in elements.all("img") if "onerror" in image]
    assert evil in elements.text


def test_the_page_fetches_nothing_and_runs_nothing():
    elements = Elements(full_page())
    names = {name for name, _ in elements.found}
    assert not names & {"script", "iframe", "object", "embed", "form"}
    links = [
        value or ""
        for _, attributes in elements.found
        for name, value in attributes.items()
        if name in {"src", "href", "xlink:href", "srcset", "data", "action"}
    ]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"@import|url\((?!#)", full_page())
    policy = next(m for m in elements.all("meta") if "content-security-policy" in str(m).lower())
    assert "default-src 'none'" in str(policy["content"])


def test_every_picture_and_plot_says_what_it_shows_and_ids_are_unique():
    elements = Elements(full_page())
    assert all(image.get("alt") for image in elements.all("img"))
    plots = [svg for svg in elements.all("svg") if svg.get("class") == "plot"]
    assert len(plots) == 5
    assert all(svg.get("aria-label") and svg.get("role") == "img" for svg in plots)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_plots_take_their_colours_from_the_page():
    svgs = "".join(re.findall(r'<svg class="plot".*?</svg>', full_page(), re.S))
    assert "currentColor" in svgs
    used = set(re.findall(r"(?:fill|stroke)(?:: ?|=\")([^;\"]+)", svgs))
    assert all(colour in ("none", "currentColor") or "var(--" in colour for colour in used)
    sheet = (files("pipeline") / "report" / "style.css").read_text("utf-8")
    assert all(f"{colour[4:-1]}: #" in sheet for colour in used if colour.startswith("var"))
    assert "<style" not in svgs


def test_equal_input_gives_equal_bytes_in_any_thread(tmp_path):
    clips = [facts(i, fine=i % 2 == 0) for i in range(30)]
    sheet = [entry(clip) for clip in clips[:4]]

    def written(number: int) -> bytes:
        path = tmp_path / f"{number}.html"
        write_report(path, head=head(30), clips=clips, sheet=sheet, outcomes=[])
        return path.read_bytes()

    first = written(0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(written, range(1, 7))) == {first}


def test_a_release_without_clips_still_has_a_page():
    text = Elements(page()).text
    assert "No clip was released." in text
    assert "proxies" not in text


def test_thirty_thousand_clips_take_seconds_and_a_page_of_fair_size(tmp_path):
    labels = ("neutral", "sad", "angry", "happy")
    clips = [facts(i, labels[i % 4], fine=i % 5 == 0) for i in range(30_000)]
    by_id = {clip.clip_id: clip for clip in clips}
    outcomes = [outcome(str(i), "rejected") for i in range(5_000)]
    started = time.monotonic()
    sheet = [entry(by_id[clip_id]) for clip_id in choose_sheet(clips, seed=0)]
    path = tmp_path / "report.html"
    write_report(path, head=head(30_000), clips=clips, sheet=sheet, outcomes=outcomes)
    assert time.monotonic() - started < 5
    assert path.stat().st_size < 1_000_000


def test_books_that_do_not_add_up_are_shown_as_such():
    assert [book.off_by for book in balances(head(5))] == [0, 0, 0]
    assert [book.off_by for book in balances(head(5, found=7))] == [0, 0, -2]
    assert "2 missing" in Elements(page([facts(1)], found=3)).text
    assert "missing" not in Elements(page([facts(1)])).text


def test_labels_are_counted_by_tier_split_and_unit():
    counts = label_counts([facts(10), facts(11, fine=True), facts(12), facts(20, "sad")])
    happy, sad = counts
    assert (happy.label, happy.clips, happy.coarse_only, happy.fine) == ("happy", 3, 2, 1)
    assert happy.splits == {"test": 1, "train": 2}
    assert happy.aus == {"AU06": 3, "AU12": 3}
    assert (sad.label, sad.clips) == ("sad", 1)


def test_a_unit_named_twice_at_one_peak_counts_once():
    doubled = ClipFacts("a", "sad", "coarse", "train", 2.0, ("AU15", "AU15"), 9, None, False)
    assert label_counts([doubled])[0].aus == {"AU15": 1}


@pytest.mark.parametrize(
    "label", ["高兴", "$\\frac{1}{0$", "a" * 200, "<b>", "naïve & co", "\x1b[31m"]
)
def test_any_label_can_be_drawn(label):
    assert "<svg" in page([facts(1, label)])


def test_the_proxy_note_counts_only_clips_that_have_proxies():
    assert "in 1 of 2 clips" in " ".join(
        Elements(page([facts(1), facts(2, proxy=False)])).text.split()
    )
    assert "proxies" not in Elements(page([facts(1, proxy=False)])).text


def test_reasons_are_grouped_with_the_example_that_says_something():
    rows = fallen(
        [
            outcome("c", "rejected", detail=None),
            outcome("b", "rejected", detail="found no face"),
            outcome("d", "rejected", reason="no_label", stage="label"),
            outcome("a", "failed", reason="DecodeError"),
        ],
        "rejected",
    )
    assert [(r.reason, r.count, r.example_id, r.example) for r in rows] == [
        ("no_face", 2, "b", "found no face"),
        ("no_label", 1, "d", "a sentence"),
    ]


def test_a_coarse_clip_is_listed_where_it_missed_the_fine_tier_and_a_fine_one_is_not():
    missed = outcome("a", "released", tier="coarse", stage="fine", reason="too_short")
    whole = outcome("b", "released", tier="fine", stage=None, reason=None, detail=None)
    assert [row.reason for row in fallen([missed, whole], "released")] == ["too_short"]


def test_restricted_engines_and_an_unstated_licence_are_named():
    text = Elements(page(engines=(ENGINE,))).text
    assert "non-commercial" in text
    assert "nobody stated its licence" in text


def test_the_sheet_lets_labels_take_turns_and_does_not_depend_on_order():
    clips = [facts(i, "sad") for i in range(40)] + [facts(100 + i, "fear") for i in range(3)]
    chosen = choose_sheet(clips, seed=7, most=10)
    by_id = {clip.clip_id: clip.label for clip in clips}
    assert [by_id[clip_id] for clip_id in chosen] == ["sad", "fear"] * 3 + ["sad"] * 4
    assert chosen == choose_sheet(clips[::-1], seed=7, most=10)
    assert chosen != choose_sheet(clips, seed=8, most=10)
    assert choose_sheet([], seed=7) == []


def test_the_first_clip_of_a_label_has_a_fine_text_where_there_is_one():
    clips = [*(facts(i) for i in range(30)), facts(99, fine=True)]
    assert choose_sheet(clips, seed=1, most=1) == [clips[-1].clip_id]


def test_samples_show_both_texts_and_different_labels_first():
    clips = [
        facts(1, "happy", fine=True),
        facts(2, "happy", fine=True),
        facts(3, "sad", fine=True),
        facts(4, "fear"),
    ]
    html = page(clips, sheet=[entry(clip, name=f"{clip.clip_id[-1]}.mp4") for clip in clips])
    section = html[html.index('id="samples"') : html.index('id="action-units"')]
    assert re.findall(r'class="under">(\d)\.mp4', section) == ["1", "3", "2"]


def test_pictures_are_made_small_and_never_large():
    def width(picture: bytes | None) -> int:
        assert picture is not None
        return cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape[1]

    assert width(thumbnail(JPEG, width_px=240)) == 240
    assert width(thumbnail(jpeg(100, 50), width_px=240)) == 100


@pytest.mark.parametrize("broken", [b"", b"no picture", JPEG[:20]])
def test_a_picture_that_cannot_be_read_is_said_to_be_so(broken):
    clip = facts(1)
    html = page([clip], sheet=[entry(clip, picture=broken)])
    assert "picture cannot be read" in html
    assert "<img" not in html


def test_texts_are_shown_without_a_picture_that_the_release_may_not_show():
    clip = facts(1, fine=True)
    html = page([clip], sheet=[entry(clip, caption="Only words.", picture=None)])
    assert "picture is not part of the release" in html
    assert html.count("Only words.") == 2
    assert "<img" not in html


def test_a_name_that_is_no_text_does_not_stop_the_page(tmp_path: Path):
    clip = facts(1)
    path = tmp_path / "report.html"
    shown = entry(clip, name="caf\udce9.mp4")
    write_report(path, head=head(1), clips=[clip], sheet=[shown], outcomes=[])
    assert "caf?.mp4" in path.read_text("utf-8")


@pytest.mark.parametrize("values", [[0.4], [0.0], [1.0] * 50, [1, 2, 3, 500], list(range(1000))])
def test_a_histogram_counts_every_value_once(values):
    found = bins(values)
    assert found is not None
    assert sum(found.counts) == len(values)
    assert found.beyond == sum(value >= found.step * len(found.counts) for value in values)
    assert len(found.counts) <= 26


def test_word_counts_are_not_split_into_parts_of_words():
    found = bins([1, 2, 2, 3], whole=True)
    assert found is not None
    assert (found.step, found.counts) == (1, (0, 1, 2, 1))


def test_quantiles_are_values_that_occur_and_nothing_has_none():
    found = spread([4.0, 1.0, 2.0, 3.0])
    assert found is not None
    assert (found.least, found.low, found.median, found.high, found.most) == (1, 1, 2, 4, 4)
    assert spread([]) is None
    assert bins([]) is None


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 9, "0 %"), (1, 1000, "<1 %"), (999, 1000, ">99 %"), (9, 9, "100 %"), (1, 3, "33 %")],
)
def test_some_is_never_rounded_to_none_or_all(part, whole, text):
    assert percent(part, whole) == text


def test_the_command_line_can_import_the_pages_without_their_heavy_libraries():
    modules = "pipeline.report, pipeline.clip_page, pipeline.clip_view"
    heavy = "{'cv2', 'jinja2', 'av'} & set(sys.modules)"
    code = f"import sys, {modules}; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
