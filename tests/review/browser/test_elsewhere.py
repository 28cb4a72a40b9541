"""Clips out of a release: peak frame and sound are there, and what is not is said in words."""

import pytest
from playwright.sync_api import expect

from pipeline.layout import WorkFolder
from pipeline.release import publish
from review.media_folder import MediaFolder
from review.release_media import prepare_from_release
from review.sources import samples_of_release
from tests.review.browser.hands import at_work, decided, press, said
from tests.review.browser.stage import served

ELSEWHERE = "The film of this clip is not here"


@pytest.fixture(scope="module")
def stage(chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    release = publish(chain, to=folder, name="r", version="0.1.0", unfinished=True).folder
    work = WorkFolder(folder / "work")
    prepare_from_release(release, MediaFolder.of(work), clip_ids=None)
    found = tuple(s for s in samples_of_release(release) if s.told.tier == "fine")
    with served(work, folder / "review.sqlite", found) as stage:
        yield stage


@pytest.fixture
def queue(stage, request):
    name = request.node.name.removeprefix("test_").replace("_", " ")
    return stage.queue(name, stage.samples)


@pytest.fixture
def page(queue, open_page):
    page = at_work(open_page("ann", "/queues"), queue)
    page.locator("audio").evaluate(
        """async (audio) => {
          while (audio.readyState < 2) await new Promise((done) => setTimeout(done, 20));
        }"""
    )
    return page


def test_the_peak_frame_and_the_sound_of_a_release_are_there(page, shot):
    expect(page.locator(".lacking")).to_contain_text(ELSEWHERE)
    expect(page.locator(".timeline")).to_have_count(0)
    expect(page.locator(".units li").first).to_be_visible()
    expect(page.locator(".peak")).to_contain_text("estimated from geometry")
    assert page.locator(".peak-frame img").evaluate("(img) => img.naturalWidth") > 100
    shot(page, "from-a-release")


def test_the_sound_is_heard_and_sought_by_keys(page):
    time = lambda: page.locator("audio").evaluate("(audio) => audio.currentTime")  # noqa: E731
    press(page, "Space")
    page.wait_for_timeout(400)
    press(page, "Space")
    assert time() > 0.1
    press(page, "p")
    peak = time()
    assert peak > 0.3
    press(page, ".", ",")  # there are no frames to step by
    assert time() == peak
    press(page, "Shift+Period")
    expect(page.locator(".rate")).to_have_text("1.25x")


def test_a_sample_without_its_film_is_decided_like_any_other(stage, queue, page):
    press(page, "]", "t", "v", "Enter")
    said(page, "Decided")
    (one,) = decided(stage, queue)
    assert (one.verdict, len(one.marks)) == ("not_visible", 1)
