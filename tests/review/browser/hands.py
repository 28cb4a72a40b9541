"""What a person does at the page, in a word each."""

from playwright.sync_api import Page, expect

from review.history import all_events, own_history
from review.people import person_named
from tests.review.browser.stage import Stage


def at_work(page: Page, queue) -> Page:
    page.goto(f"/work?queue={queue.queue_id}")
    expect(page.locator(".sample")).to_be_visible()
    return page


def ready(page: Page) -> Page:
    """The player shows a frame."""
    page.locator("video").evaluate(
        """async (video) => {
          while (video.readyState < 2 || video.seeking)
            await new Promise((done) => setTimeout(done, 20));
        }"""
    )
    return page


def video_time(page: Page) -> float:
    ready(page)
    return page.locator("video").evaluate("(video) => video.currentTime")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def said(page: Page, text: str) -> None:
    expect(page.locator("#say")).to_contain_text(text)


def decided(stage: Stage, queue) -> list:
    """Decisions in a queue that stand, the oldest first."""
    events = [e for e in all_events(stage.store) if e.queue == queue.name]
    return [event for event in events if event.kind == "decide" and event.stands]


def history(stage: Stage, name: str) -> list:
    return own_history(stage.store, person_named(stage.store, name))
