"""A browser, and clips that were really built; skipped where either is not here."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from annotators.models.weights import MESH, weights_installed
from pipeline.layout import WorkFolder
from review.people import log_in
from review.sources import samples_of_work
from review.tokens import SESSION
from tests.conftest import DEMO
from tests.pipeline.workshop import Workshop, bring_about
from tests.review.browser.stage import PASSWORD, prepared, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(__file__).parents[3] / "build" / "review-shots"  # artefacts; never in git
CLIPS = ("smile", "surprise", "sad", "angry")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chain(tmp_path_factory, pool):
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")
    folder = tmp_path_factory.mktemp("review")
    sources = folder / "sources"
    sources.mkdir()
    for name in CLIPS:
        for path in DEMO.glob(f"{name}.*"):
            shutil.copy(path, sources)
    labels = {"smile": "happy", "surprise": "surprise", "sad": "sad", "angry": "angry"}
    rows = "".join(f"{name}.mp4,{label}\n" for name, label in labels.items())
    (sources / "labels.csv").write_text(f"name,label\n{rows}")
    made = Workshop(sources, WorkFolder(folder / "work")).open()
    bring_about(made, pool)
    prepared(made, pool)
    return made


@pytest.fixture(scope="session")
def samples(chain):
    found = tuple(s for s in samples_of_work(chain) if s.told.tier == "fine")
    assert len(found) == len(CLIPS)
    return found


@pytest.fixture(scope="module")
def stage(chain, samples, tmp_path_factory):
    with served(chain.work, tmp_path_factory.mktemp("db") / "review.sqlite", samples) as stage:
        yield stage


@pytest.fixture(scope="module")  # while it lives an event loop runs here, in which no other may
def chromium():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_context(chromium, stage):
    """A browser of its own for a person; whatever the page complains of fails the test."""
    opened, complaints = [], []

    def open_for(name=None, *, locale="en-GB", complains=False):
        context = chromium.new_context(
            viewport={"width": 1280, "height": 720}, locale=locale, base_url=stage.url
        )
        if name is not None:
            session = log_in(stage.store, name, PASSWORD, address="here")
            cookie = {"name": SESSION, "value": session.token, "url": stage.url}
            context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])
        context.set_default_timeout(15_000)
        if complains:
            opened.append(context)
            return context
        context.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        opened.append(context)
        return context

    yield open_for
    for context in opened:
        context.close()
    expected = ("409", "401", "404", "429", "ERR_INTERNET_DISCONNECTED", "ERR_ABORTED")
    assert [said for said in complaints if not any(code in said for code in expected)] == []


@pytest.fixture
def open_page(open_context):
    def open_for(name, path, **more):
        page = open_context(name, **more).new_page()
        page.goto(path)
        return page

    return open_for


@pytest.fixture
def shot():
    SHOTS.mkdir(parents=True, exist_ok=True)

    def take(page, name):
        page.screenshot(path=str(SHOTS / f"{name}.png"))

    return take
