"""The page for everybody: Chinese, other keyboards, screen readers, small screens, evil texts."""

import re
from importlib.resources import files
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from tests.review.browser.hands import at_work, decided, press, ready, said
from tests.review.browser.stage import disputed

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
SCRIPT = '<img src=x onerror="window.hurt = 1"><script>window.hurt = 1</script>'


@pytest.fixture
def queue(stage, samples, request):
    return stage.queue(request.node.name, [disputed(samples[0]), *samples[1:]])


def test_everything_is_there_in_chinese(stage, queue, open_page, shot):
    page = at_work(open_page("李雷", "/queues", locale="zh-CN"), queue)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("[data-choice=submit]")).to_contain_text("提交并看下一个")
    expect(page.locator("[data-choice=label-happy]")).to_contain_text("高兴")
    press(page, "[")
    expect(page.locator(".claim.current .mark")).to_contain_text("相矛盾")
    ready(page)
    shot(page, "chinese")
    english = re.compile(r"\b(Decision|Label|Note|Words|Scene|Skip|Frame|Queue|Peak)\b")
    expect(page.locator(".units li").first).to_contain_text(re.compile("[一-鿿]"))
    for place in (".panel", ".controls", ".gutter", "#bar"):
        told = page.locator(place).inner_text()
        assert not english.search(told), told
    for name in ("history", "guide", "queues"):
        page.goto(f"/{name}")
        expect(page.locator("h1")).to_have_text(re.compile("[一-鿿]"))
    shot(page, "chinese-queues")


def test_both_languages_say_the_same_things():
    keys = {}
    for language in ("en", "zh"):
        text = (files("review") / "page" / "js" / f"words_{language}.js").read_text("utf-8")
        lines = re.findall(r'^  "([a-z0-9_.]+)": "(.*)",$', text, re.MULTILINE)
        keys[language] = {key: set(re.findall(r"\{(\w+)\}", told)) for key, told in lines}
    assert keys["en"] == keys["zh"]


def test_every_word_that_a_module_asks_for_is_there():
    folder = files("review") / "page" / "js"
    told = (folder / "words_en.js").read_text("utf-8")
    known = set(re.findall(r'^  "([a-z0-9_.]+)":', told, re.MULTILINE))
    for entry in folder.iterdir():
        for key in re.findall(r'\bt\("([a-z0-9_.]+)"', entry.read_text("utf-8")):
            assert key in known, (entry.name, key)


def test_the_language_can_be_changed_and_stays(queue, open_page):
    page = open_page("ann", "/queues")
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("任务队列")
    page.goto("/guide")
    expect(page.locator("h1")).to_have_text("指南")


def test_keys_rest_while_an_input_method_composes(stage, queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    page.evaluate(
        """() => {
          for (const more of [{ isComposing: true }, { keyCode: 229 }])
            document.body.dispatchEvent(new KeyboardEvent(
              "keydown", { code: "KeyS", key: "Process", bubbles: true, ...more }));
        }"""
    )
    press(page, "n", "s", "u", "Enter")
    expect(page.locator("#note")).to_have_value("su\n")
    assert decided(stage, queue) == []


def test_keys_go_by_their_place_on_the_keyboard(queue, open_page):
    """The key right of Tab is A on a French keyboard, and works as the one that says Q here."""
    page = at_work(open_page("ann", "/queues"), queue)
    page.evaluate(
        """() => document.body.dispatchEvent(
          new KeyboardEvent("keydown", { code: "KeyA", key: "q", bubbles: true }))"""
    )
    expect(page.locator("[data-choice=verdict-accept]")).to_have_attribute("aria-pressed", "true")


def test_a_key_can_be_changed_and_a_taken_one_is_refused(queue, open_page, shot):
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "Shift+Slash")
    expect(page.locator("dialog")).to_contain_text("What the labels mean")
    shot(page, "keys")
    row = page.locator(".key-row", has_text=re.compile("^Accept"))
    row.click()
    press(page, "p")
    expect(page.locator("dialog [role=status]")).to_contain_text("taken by: Peak")
    row.click()
    press(page, "y")
    expect(row).to_contain_text("Y")
    page.get_by_role("button", name="Close").click()
    page.reload()
    expect(page.locator(".sample")).to_be_visible()
    press(page, "a")
    expect(page.locator("[data-choice=verdict-accept]")).to_have_attribute("aria-pressed", "false")
    press(page, "y")
    expect(page.locator("[data-choice=verdict-accept]")).to_have_attribute("aria-pressed", "true")


def test_all_of_it_fits_a_small_screen(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    ready(page)
    wide = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollHeight]")
    assert wide == [1280, 720]
    for place in (
        ".stage video",
        ".lane",
        ".peak-frame",
        "#text",
        "[data-choice=submit]",
        ".claims",
    ):
        expect(page.locator(place).first).to_be_in_viewport()
    for choice in page.locator(".panel .choice").all():
        expect(choice).to_be_in_viewport()
        assert choice.locator("kbd").count() + choice.locator("..").locator("kbd").count() > 0


@pytest.mark.parametrize(
    "path", ["/login", "/queues", "/work", "/history", "/guide", "/lead", "/agreement"]
)
def test_axe_finds_nothing_that_keeps_people_out(path, queue, open_page):
    """WCAG 2 A and AA by axe-core: names, roles, contrast, focus order."""
    who = None if path == "/login" else "lea"
    page = open_page(who, "/login" if who is None else path)
    if path == "/work":
        at_work(page, queue)
        press(page, "]", "x", "r")
    expect(page.locator("h1")).to_be_visible()
    page.evaluate(AXE)
    found = page.evaluate(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })"
    )
    told = [
        (fault["id"], [node["html"][:150] for node in fault["nodes"][:3]])
        for fault in found["violations"]
    ]
    assert told == []
    assert len(found["passes"]) > 8


def test_whatever_has_the_focus_shows_it(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    seen = set()
    for _ in range(60):
        press(page, "Tab")
        style = page.evaluate(
            """() => {
              const found = document.activeElement, style = getComputedStyle(found);
              const name = found.dataset.choice ?? found.id ?? found.tagName;
              return [name, style.outlineStyle, style.outlineWidth];
            }"""
        )
        if page.evaluate("document.activeElement === document.body"):
            continue
        assert style[1:] == ["solid", "3px"], style
        seen.add(style[0])
    assert {"submit", "skip", "undo", "verdict-accept", "label-neutral", "note", "text"} <= seen


def test_a_script_in_any_text_is_shown_as_text(stage, samples, open_page, shot):
    evil = disputed(samples[0])
    clip = evil.clip.model_copy(
        update={
            "name": f"{SCRIPT}.mp4",
            "spoken": SCRIPT,
            "spoken_en": SCRIPT,
            "tone": SCRIPT,
            "scene": SCRIPT,
        }
    )
    claims = tuple(
        c.model_copy(update={"claim": SCRIPT, "words": "img", "reason": SCRIPT})
        for c in evil.told.claims
    )
    told = evil.told.model_copy(
        update={"text": SCRIPT, "text_hash": "e" * 32, "claims": claims, "flags": (SCRIPT,)}
    )
    queue = stage.queue(
        SCRIPT, [evil.model_copy(update={"clip": clip, "told": told})], labels=("happy", SCRIPT)
    )
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "]", "2", "n")
    page.keyboard.type(SCRIPT)
    press(page, "Escape", "e", "End")
    page.keyboard.type(f" {SCRIPT}")
    expect(page.locator(".diff ins")).to_contain_text("onerror")
    shot(page, "script")
    press(page, "Control+Enter")
    said(page, "Decided")
    for path in ("/history", "/queues"):
        page.goto(path)
        expect(page.locator("table")).to_contain_text("onerror")
    assert page.evaluate("window.hurt") is None
    assert page.locator("img[src=x]").count() == 0
    lea = open_page("lea", "/lead")
    expect(lea.locator("table").first).to_contain_text("onerror")
    assert lea.evaluate("window.hurt") is None


def test_markup_from_outside_cannot_even_be_set(queue, open_page):
    page = at_work(open_page("ann", "/queues", complains=True), queue)
    refused = page.evaluate(
        """() => {
          try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e instanceof TypeError; }
          return false;
        }"""
    )
    assert refused
