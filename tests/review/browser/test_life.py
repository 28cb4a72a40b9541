"""The whole life of a sample at the page: by keyboard alone, undone, in drafts, in two tabs."""

import re

import pytest
from playwright.sync_api import expect

from tests.review.browser.hands import at_work, decided, history, press, ready, said, video_time
from tests.review.browser.stage import PASSWORD, disputed


@pytest.fixture
def queue(stage, samples, request):
    return stage.queue(request.node.name, [disputed(samples[0]), *samples[1:]])


def test_a_sample_lives_by_keyboard_alone(stage, samples, open_page, shot):
    queue = stage.queue("first round", [disputed(samples[0]), *samples[1:]])
    page = open_page(None, "/")
    expect(page.locator("#name")).to_be_focused()
    shot(page, "login")
    page.keyboard.type("ann")
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page.locator("table")).to_be_visible()
    shot(page, "queues")
    tab_to(page, f"Work: {queue.name}")
    press(page, "Enter")
    expect(page.locator(".sample")).to_be_visible()
    ready(page)
    shot(page, "judge")

    look_around(page, shot)

    press(page, "3", "6", "Shift+Digit4")
    expect(page.locator("[data-choice=label-happy]")).to_have_attribute("aria-pressed", "true")
    press(page, "e", "End")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(" One thing more, a s d f.")
    expect(page.locator(".diff ins")).to_contain_text("more, a s d f")
    expect(page.locator("[data-choice=verdict-reject]")).to_have_attribute("aria-pressed", "false")
    shot(page, "edit")
    press(page, "Escape", "Enter")
    said(page, "Decided")
    expect(page.locator("#text")).not_to_have_value(re.compile("One thing more"))

    (one,) = decided(stage, queue)
    assert one.labels == ("happy", "surprise")
    assert one.intensity == 4
    assert one.verdict == "edit"
    assert one.edited_text is not None
    assert "One thing more" in one.edited_text
    assert one.seconds is not None
    assert one.seconds > 0
    assert one.saw_marks
    assert [(m.claim, m.verdict, m.machine) for m in one.marks] == [
        ("the brows are drawn together", "supported", "contradicted")
    ]

    press(page, "r", "Enter")
    said(page, "Say why")
    shot(page, "reject")
    press(page, "6", "n")
    page.keyboard.type("nothing of this is in the clip")
    press(page, "Control+Enter")
    expect(page.locator("#own-work")).to_contain_text("2 decided")
    assert [d.reason for d in decided(stage, queue)] == [None, "invented"]

    press(page, "u")
    said(page, "Taken back")
    expect(page.locator("#note")).to_have_value("nothing of this is in the clip")
    press(page, "u")
    expect(page.locator("#text")).to_have_value(re.compile("One thing more"))
    assert decided(stage, queue) == []
    expect(page.locator(".own-mark[aria-pressed=true]")).to_have_count(1)
    press(page, "Enter")
    said(page, "Decided")
    assert [(d.verdict, len(d.marks)) for d in decided(stage, queue)] == [("edit", 1)]
    page.goto("/history")
    expect(page.locator("tbody tr").first).to_contain_text("supported: the brows are drawn")
    shot(page, "history-marks")


def test_a_claim_is_marked_by_the_mouse_or_not_before_one_is_chosen(stage, queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "x")
    said(page, "Choose a claim first")
    first = page.locator(".claim").first
    before = video_time(page)
    first.get_by_role("button", name="contradicted").click()
    expect(first.locator("[data-mark=contradicted]")).to_have_attribute("aria-pressed", "true")
    assert video_time(page) == before
    expect(page.locator("#draft-state")).to_have_text("draft saved")
    page.reload()
    expect(page.locator(".own-mark[aria-pressed=true]")).to_have_count(1)
    press(page, "a", "Enter")
    said(page, "Decided")
    (one,) = decided(stage, queue)
    assert [mark.verdict for mark in one.marks] == ["contradicted"]


def tab_to(page, name):
    for _ in range(40):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} cannot be reached by Tab")


def mark_claims(page, shot):
    """The planted claim is supported after all; the first one is left open, and that taken back."""
    planted = page.locator(".claim.current")
    press(page, "x", "t")
    said(page, "Marked: supported")
    pressed = planted.locator("[aria-pressed=true]")
    expect(pressed).to_have_count(1)
    expect(pressed).to_have_attribute("data-mark", "supported")
    shot(page, "marks")
    press(page, "]", "q")
    said(page, "Marked: unverifiable")
    press(page, "q")
    said(page, "Mark taken back")
    press(page, "[")


def look_around(page, shot):
    """Every key of the player does what it says."""
    start = video_time(page)
    press(page, ".")
    step = video_time(page) - start
    assert 0.02 < step < 0.06
    press(page, ",")
    assert abs(video_time(page) - start) < 0.01
    press(page, "p")
    peak = video_time(page)
    mark = page.locator(".peak-mark").bounding_box()
    head = page.locator(".head").bounding_box()
    assert peak > 0.5
    assert abs(mark["x"] - head["x"]) < 4
    press(page, "Shift+Period")
    expect(page.locator(".rate")).to_have_text("1.25x")
    press(page, "Shift+Comma", "Shift+Comma")
    expect(page.locator(".rate")).to_have_text("0.75x")
    press(page, "Space")
    page.wait_for_timeout(400)
    assert video_time(page) > peak + 0.1
    press(page, "Space")
    press(page, "[")  # the last claim: the planted one
    expect(page.locator(".claim.current")).to_contain_text("brows are drawn together")
    expect(page.locator(".claim.current .mark")).to_contain_text("contradicted")
    expect(page.locator(".claim.current .evidence")).to_be_visible()
    expect(page.locator(".lane > .span")).to_be_visible()
    press(page, "l")
    for _ in range(8):
        page.wait_for_timeout(150)
        assert 0.7 < video_time(page) < 1.6
    press(page, "l", "Space")
    mark_claims(page, shot)
    press(page, "m")
    expect(page.locator(".claims .mark").first).to_be_hidden()
    press(page, "m")
    expect(page.locator(".claims .mark").first).to_be_visible()


def test_the_pointer_on_a_claim_shows_where_its_evidence_lies(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    band = page.locator(".lane > .span")
    expect(band).to_be_hidden()
    page.locator(".claim", has_text="brows are drawn together").hover()
    expect(band).to_be_visible()
    lane, shown = page.locator(".lane").bounding_box(), band.bounding_box()
    length = page.locator("video").evaluate("(video) => video.duration")
    start = (shown["x"] - lane["x"]) / lane["width"] * length
    assert abs(start - 0.8) < 0.1
    page.locator("#note").hover()
    expect(band).to_be_hidden()


def test_the_tenth_label_has_a_key_too(stage, samples, open_page):
    labels = tuple(f"label {i}" for i in range(1, 12))
    queue = stage.queue("eleven labels", samples, labels=labels)
    page = at_work(open_page("bo", "/queues"), queue)
    press(page, "0", "c", "Enter")
    said(page, "Decided")
    assert decided(stage, queue)[0].labels == ("label 10",)


def test_a_click_on_the_time_line_seeks_there(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    ready(page)
    lane = page.locator(".lane").bounding_box()
    length = page.locator("video").evaluate("(video) => video.duration")
    for share in (0.75, 0.25):
        page.mouse.click(lane["x"] + lane["width"] * share, lane["y"] + 40)
        assert abs(video_time(page) - length * share) < 0.06
        head = page.locator(".head").bounding_box()
        assert abs(head["x"] + 1 - (lane["x"] + lane["width"] * share)) < 12
    word = page.locator(".word-track .word").nth(1)
    word.click()
    assert abs(video_time(page) - float(word.get_attribute("data-start"))) < 0.05
    expect(page.locator(".untimed .dashed")).to_have_count(1)


def test_the_tracks_name_what_is_under_the_pointer(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    lane = page.locator(".lane canvas").first.bounding_box()
    page.mouse.move(lane["x"] + lane["width"] / 2, lane["y"] + 6)
    expect(page.locator(".tip")).to_have_text(re.compile(r"^AU\d\d .+: \d\.\d\d \(\w+\)$"))


def test_what_is_typed_survives_a_reload(stage, queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "2", "n")
    page.keyboard.type("half a though")
    page.reload()
    expect(page.locator("#note")).to_have_value("half a though")
    expect(page.locator("[data-choice=label-angry]")).to_have_attribute("aria-pressed", "true")


def test_what_is_typed_survives_a_lost_machine(stage, queue, open_page):
    """Another browser, on another machine: the server has it."""
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "n")
    page.keyboard.type("kept by the server")
    expect(page.locator("#draft-state")).to_have_text("draft saved")
    page.context.close()
    other = at_work(open_page("ann", "/queues"), queue)
    expect(other.locator("#note")).to_have_value("kept by the server")


def test_what_is_typed_without_a_network_is_kept_in_the_browser(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    page.context.set_offline(True)
    press(page, "n")
    page.keyboard.type("on a train")
    expect(page.locator("#draft-state")).to_have_text("draft kept in this browser only")
    press(page, "Escape", "a", "Enter")
    page.context.set_offline(False)  # the decision was sent again until it was answered
    said(page, "Decided")


def test_a_decision_sent_twice_counts_once(stage, queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "a")
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    said(page, "Decided")
    page.wait_for_timeout(500)
    assert len(decided(stage, queue)) == 1


def test_two_tabs_cannot_both_decide(stage, queue, open_page, shot):
    first = at_work(open_page("ann", "/queues"), queue)
    second = at_work(first.context.new_page(), queue)
    text = first.locator("#text").input_value()
    assert second.locator("#text").input_value() == text
    press(first, "a", "Enter")
    said(first, "Decided")
    press(second, "c", "Enter")
    said(second, "another tab")
    shot(second, "two-tabs")
    expect(second.locator("#text")).not_to_have_value(text)
    assert [d.verdict for d in decided(stage, queue)] == ["accept"]


def test_two_people_get_samples_of_their_own(stage, samples, open_page):
    queue = stage.queue("one review each", samples[:2])
    ann, bo = (at_work(open_page(name, "/queues"), queue) for name in ("ann", "bo"))
    assert ann.locator("#text").input_value() != bo.locator("#text").input_value()
    for page in (ann, bo):
        press(page, "a", "Enter")
        expect(page.locator(".idle")).to_be_visible()
    people = {event.person for event in decided(stage, queue)}
    assert len(people) == len(decided(stage, queue)) == 2


def test_an_old_decision_is_taken_back_from_the_history(stage, queue, open_page, shot):
    page = at_work(open_page("bo", "/queues"), queue)
    for _ in range(3):
        text = page.locator("#text").input_value()
        press(page, "a", "Enter")
        expect(page.locator("#text")).not_to_have_value(text)
    oldest = decided(stage, queue)[0]
    page.goto("/history")
    rows = page.locator("tbody tr", has_text=queue.name)
    expect(rows).to_have_count(3)
    shot(page, "history")
    rows.nth(2).get_by_role("button", name="Undo").click()
    expect(page.locator(".sample")).to_be_visible()
    assert oldest.event_id not in [event.event_id for event in decided(stage, queue)]
    assert history(stage, "bo")[0].kind == "undo"


def test_a_sample_is_skipped_and_another_flagged(stage, queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    text = page.locator("#text").input_value()
    press(page, "s")
    expect(page.locator("#text")).not_to_have_value(text)
    press(page, "f")
    said(page, "Write in the note")
    page.keyboard.type("whose face is meant?")
    press(page, "Escape", "f")
    said(page, "still yours")
    press(page, "a", "Enter")
    said(page, "Decided")
    kinds = [event.kind for event in history(stage, "ann")[:3]]
    assert kinds == ["decide", "flag", "skip"]
