"""What tests of several packages share: demo clips, worker processes, a work folder made once."""

import shutil
from pathlib import Path

import hypothesis
import pytest

from annotators.models.weights import MESH, weights_installed
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.release import publish
from tests.pipeline.workshop import Workshop, bring_about

hypothesis.settings.register_profile("merr", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("merr")

DEMO = Path(__file__).parents[1] / "datasets" / "demo"
FACES = ("goodbye", "smile", "surprise")  # clips of the demo with a face and a voice
LABELS = (
    "name,label\nsmile.mp4,happy\nsurprise.mp4,surprise\ngoodbye.mp4,happy\nrocket.mp4,neutral\n"
)


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    """Two workers that every test may use; a test that breaks workers makes its own."""
    log = tmp_path_factory.mktemp("pool") / "log"
    with WorkerPool(2, log=log, memory_gb=3) as pool:
        yield pool


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """Three clips with a face, one without, the same bytes twice, a broken film, another kind."""
    folder = tmp_path_factory.mktemp("sources")
    for name in FACES:
        shutil.copy(DEMO / f"{name}.mp4", folder)
    shutil.copy(DEMO / "smile.srt", folder)
    shutil.copy(DEMO / "rocket.mp4", folder)
    shutil.copy(DEMO / "smile.mp4", folder / "the_same.mp4")
    (folder / "broken.mp4").write_text("this is a text\n" * 20)
    (folder / "notes.pdf").write_bytes(b"%PDF-1.7")
    (folder / "labels.csv").write_text(LABELS)
    return folder


@pytest.fixture(scope="session")
def built(sources, pool, tmp_path_factory):
    """A work folder brought to its end once. Look at it, change only a copy (`workshop`)."""
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")
    made = Workshop(sources, WorkFolder(tmp_path_factory.mktemp("built") / "work"))
    bring_about(made.open(), pool)
    return made


@pytest.fixture(scope="session")
def release(built, tmp_path_factory):
    """A release of that work folder. Look at it, change only a copy."""
    to = tmp_path_factory.mktemp("releases")
    return publish(built.open(), to=to, name="demo", version="0.1.0").folder


@pytest.fixture
def workshop(built, tmp_path):
    """A copy of sources and work folder to change."""
    return built.copy_to(tmp_path)
