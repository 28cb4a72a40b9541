"""Label first, A/B, practice, adjudication, and what leads do."""

import re

from playwright.sync_api import expect

from review.queues import Entry
from tests.review.browser.hands import at_work, decided, history, press, said
from tests.review.browser.stage import PASSWORD, another_text, gold


def test_the_label_is_asked_before_the_text_is_shown(stage, samples, open_page, shot):
    queue = stage.queue("label first", samples, mode="label_first")
    page = at_work(open_page("ann", "/queues"), queue)
    expect(page.locator("#text")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text(".mp4")
    press(page, "Enter")
    said(page, "Choose a label first")
    shot(page, "label-first")
    press(page, "4", "Shift+Digit2", "Enter")
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator(".judge")).to_contain_text("Your label before you saw the text: sad")
    shot(page, "label-first-shown")
    press(page, "c", "Enter")
    said(page, "Decided")
    blind = next(event for event in history(stage, "ann") if event.kind == "label")
    assert blind.labels == ("sad",)
    assert not blind.saw_label
    (one,) = decided(stage, queue)
    assert one.saw_label


def test_a_reload_after_the_blind_label_does_not_ask_again(stage, samples, open_page):
    queue = stage.queue("label first, reloaded", samples, mode="label_first")
    page = at_work(open_page("ann", "/queues"), queue)
    press(page, "1", "Enter")
    expect(page.locator("#text")).to_be_visible()
    page.reload()
    expect(page.locator("#text")).to_be_visible()


def test_of_two_texts_the_better_one_is_kept_whatever_side_it_stood_on(
    stage, samples, open_page, shot
):
    short = "Somebody smiles and speaks."
    pairs = [Entry(sample, other=another_text(sample, short)) for sample in samples]
    queue = stage.queue("a and b", pairs, mode="ab")
    page = at_work(open_page("ann", "/queues"), queue)
    shot(page, "a-b")
    sides = []
    for _ in pairs:
        shown = page.locator("video").get_attribute("src")
        left = page.locator(".pair article").first.text_content()
        sides.append(short in left)
        press(page, "ArrowLeft" if short in left else "ArrowRight", "Enter")
        following = page.locator(f'video[src]:not([src="{shown}"]), .idle')
        expect(following).to_have_count(1)
    expect(page.locator(".idle")).to_be_visible()
    assert [d.preference for d in decided(stage, queue)] == ["a2"] * len(pairs)
    assert [d.flipped for d in decided(stage, queue)] == sides


def test_practice_comes_first_and_tells_what_is_right(stage, samples, open_page, shot):
    smile = next(s for s in samples if s.told.label == "happy")
    stage.queue("to practise", [gold(smile, "happy")], kind="practice")
    queue = stage.queue("after practice", samples, practice="to practise")
    page = at_work(open_page("bo", "/queues"), queue)
    expect(page.locator(".banner")).to_contain_text("Practice")
    press(page, "2", "a", "Enter")
    expect(page.locator("dialog")).to_contain_text("Expected: happy")
    expect(page.locator("dialog")).to_contain_text("The lip corners rise")
    shot(page, "practice")
    press(page, "Enter")
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("after practice")


def test_disagreements_are_settled_by_a_lead_who_sees_all_versions(stage, samples, open_page, shot):
    queue = stage.queue("disputed", samples[:1], reviews=2)
    ann = at_work(open_page("ann", "/queues"), queue)
    press(ann, "3", "]", "x", "e", "End")
    ann.keyboard.type(" And a wink.")
    press(ann, "Control+Enter")
    said(ann, "Decided")
    bo = at_work(open_page("bo", "/queues"), queue)
    press(bo, "r", "5", "n")
    bo.keyboard.type("this is no joy")
    press(bo, "Control+Enter")
    said(bo, "Decided")

    lea = open_page("lea", "/lead")
    lea.get_by_role("button", name="Collect disagreements: disputed").click()
    said(lea, "1 new in the queue disputed, settled")
    shot(lea, "lead")
    lea.get_by_role("link", name="disputed, settled").click()
    expect(lea.locator(".versions article")).to_have_count(2)
    expect(lea.locator(".versions")).to_contain_text("And a wink.")
    expect(lea.locator(".versions")).to_contain_text("this is no joy")
    expect(lea.locator(".versions .said-marks li")).to_have_count(1)
    people = [h.split("T")[0] for h in lea.locator(".versions h3").all_text_contents()]
    assert all(re.fullmatch("r-[0-9a-f]{8}", person) for person in people)
    shot(lea, "adjudication")
    lea.locator(".versions article", has_text="And a wink.").get_by_role(
        "button", name="Take this answer"
    ).click()
    expect(lea.locator("#text")).to_have_value(re.compile("And a wink."))
    press(lea, "Enter")
    said(lea, "Decided")
    assert history(stage, "lea")[0].verdict == "edit"
    assert [mark.verdict for mark in history(stage, "lea")[0].marks] == ["contradicted"]


def test_a_paused_queue_hands_nothing_out_until_it_is_opened(stage, samples, open_page):
    queue = stage.queue("paused a while", samples)
    lea = open_page("lea", "/lead")
    lea.get_by_role("button", name="Pause: paused a while").click()
    expect(lea.get_by_role("button", name="Open again: paused a while")).to_be_visible()
    ann = open_page("ann", f"/work?queue={queue.queue_id}")
    expect(ann.locator(".idle")).to_contain_text("paused")
    lea.get_by_role("button", name="Open again: paused a while").click()
    expect(lea.get_by_role("button", name="Pause: paused a while")).to_be_visible()
    ann.get_by_role("button", name="Look again").click()
    expect(ann.locator(".sample")).to_be_visible()


def test_an_invitation_makes_an_account_and_what_was_begun_is_handed_over(
    stage, samples, open_page, open_context
):
    queue = stage.queue("handed over", samples)
    bo = at_work(open_page("bo", "/queues"), queue)
    press(bo, "n")
    bo.keyboard.type("begun by bo")
    expect(bo.locator("#draft-state")).to_have_text("draft saved")
    text = bo.locator("#text").input_value()

    lea = open_page("lea", "/lead")
    lea.fill("#invite-name", "dora")
    lea.get_by_role("button", name="Make an invitation").click()
    link = lea.locator("#link").text_content()
    dora = open_context().new_page()
    dora.goto(link)
    dora.fill("#password", PASSWORD)
    dora.fill("#again", PASSWORD)
    dora.get_by_role("button", name="Set the password").click()
    expect(dora.locator(".who")).to_have_text("dora")

    lea.reload()
    lea.select_option("#hand-queue", label="handed over")
    lea.select_option("#hand-of", label="bo")
    lea.select_option("#hand-to", label="dora")
    lea.get_by_role("button", name="Hand over").click()
    said(lea, "1 drafts moved")
    at_work(dora, queue)
    assert dora.locator("#text").input_value() == text
    expect(dora.locator("#note")).to_have_value("begun by bo")


def test_the_agreement_page_says_what_counts_and_what_does_not(stage, samples, open_page, shot):
    queue = stage.queue("measured", samples, mode="label_first", reviews=2)
    for name, last in (("ann", "1"), ("bo", "2")):
        page = at_work(open_page(name, "/queues"), queue)
        for key in ("3", "4", "6", last):
            press(page, key, "Enter")
            expect(page.locator("#text")).to_be_visible()
            press(page, "]", "t", "c", "Enter")
            said(page, "Decided")
            expect(page.locator("#text")).to_have_count(0)
    lea = open_page("lea", "/agreement")
    lea.select_option("#queue", label="measured")
    lea.get_by_role("button", name="Compute").click()
    expect(lea.locator("#figures table").first).to_contain_text("0.750")
    expect(lea.locator("#figures")).to_contain_text("4 clips, 2 people")
    expect(lea.locator("tr", has_text="in view at 8")).to_contain_text("1.000")
    expect(lea.locator("tr", has_text="in view at 8")).to_contain_text("8 of 8 marks")
    shot(lea, "agreement")


def test_a_long_vocabulary_has_keys_by_position_and_keeps_them_off_while_typing(
    stage, samples, open_page, shot
):
    labels = tuple(f"shade {number}" for number in range(1, 23))
    queue = stage.queue("twenty-two labels", samples[:1], labels=labels)
    page = at_work(open_page("ann", "/queues"), queue)
    page.evaluate("localStorage.setItem('merr-keys', JSON.stringify({ accept: 'KeyW' }))")
    page.reload()
    expect(page.locator(".sample")).to_be_visible()
    shot(page, "many-labels")
    press(page, "Minus", "KeyY", "KeyW")
    expect(page.locator("[data-choice=verdict-accept]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator('[data-choice="label-shade 19"] kbd')).to_have_text("")
    for label in ("shade 11", "shade 20"):
        chosen = page.locator(f'[data-choice="label-{label}"]')
        expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(page.locator('[data-choice="label-shade 21"] kbd')).to_have_count(0)
    press(page, "n")
    page.keyboard.type("by-way")
    expect(page.locator("[data-choice^=label-][aria-pressed=true]")).to_have_count(2)
    press(page, "Escape", "Enter")
    said(page, "Decided")
    (one,) = decided(stage, queue)
    assert (one.labels, one.note) == (("shade 11", "shade 20"), "by-way")
