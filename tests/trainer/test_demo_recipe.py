"""The recipe demo on the demo release, from films to answers: no network, no weights, no GPU."""

import time

import pytest

from annotators.models.weights import MESH, weights_installed
from flows.demo import demo
from pipeline.layout import WorkFolder
from tests.conftest import DEMO
from trainer.data import load
from trainer.recipe_file import load_recipe

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    if not weights_installed(MESH):
        pytest.skip(f"the models of the mesh engine are not here: {MESH.command}")
    folder = tmp_path_factory.mktemp("demo")
    assert demo(str(DEMO), WorkFolder(folder / "work"), folder / "releases") == 0
    return folder / "releases" / "demo" / "0.1.0"


def test_it_answers_every_instruction_of_the_demo_release_by_heart(release, tmp_path):
    from trainer.generate import Question, generate
    from trainer.open_model import open_model
    from trainer.train import Request, train

    began = time.process_time()
    request = Request(release, load_recipe("demo"), tmp_path / "run", tmp_path / "cache")
    assert train(request, lambda _: None).done
    assert time.process_time() - began < 120
    samples = load(release, cache=tmp_path / "cache", split="train")
    trained = open_model(tmp_path / "run")
    questions = [
        Question(trained.maker.prompt(s.instruction, s.features).ids, s.features) for s in samples
    ]
    answers = generate(trained.model, trained.tokenizer, questions)
    assert answers == samples.column("target").tolist()
    assert len(answers) >= 20
    assert set(trained.trained_on.encoders) == {"face", "motion", "audio", "image"}
