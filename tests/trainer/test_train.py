"""A whole run in one process: it learns, saves, loads, answers, and says what it was."""

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from schemas.errors import SetupError
from tests.trainer.small_release import synthetic
from trainer.data import load
from trainer.log import read_log
from trainer.recipe_file import load_recipe

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

RUNS = ("plain", "compiled")
WITHOUT_WANDB = pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed")


def run_of(release, out, cache, *assignments):
    from trainer.train import Request

    return Request(release, load_recipe("demo", assignments), out, cache)


def losses(run):
    return [line for line in read_log(run) if "loss" in line]


@pytest.fixture(scope="module")
def learned(cache, tmp_path_factory):
    """The demo recipe on 32 instructions: 16 clips, label and reason, nothing to read in words."""
    from trainer.train import train

    folder = tmp_path_factory.mktemp("learned")
    release = synthetic(folder / "synthetic" / "0.1.0", clips=16, held_out=0, words=False)
    mix = 'data.mix={"coarse/emotion" = 0.5, "fine/reason" = 0.5}'
    said = []
    train(run_of(release, folder / "run", cache, mix, "run.per_step=8"), said.append)
    return release, folder / "run", said


def answers(run, samples, features_of):
    """One answer per sample, given the features of another one."""
    from trainer.generate import Question, generate
    from trainer.open_model import open_model

    trained = open_model(run)
    questions = []
    for number, sample in enumerate(samples):
        features = samples[features_of[number]].features
        ids = trained.maker.prompt(sample.instruction, features).ids
        questions.append(Question(ids, features))
    made = generate(trained.model, trained.tokenizer, questions, max_new_tokens=60)
    return np.asarray(made)


def chosen(release, cache):
    samples = load(release, cache=cache, split="train")
    kinds = samples.column("tier") + "/" + samples.column("task")
    return samples.where(np.isin(kinds.astype(str), ["coarse/emotion", "fine/reason"]))


def test_it_learns_32_instructions_by_heart_and_looks_at_the_features(learned, cache):
    release, run, _ = learned
    samples = chosen(release, cache)
    targets = samples.column("target")
    assert len(samples) == 32
    own = np.arange(32)
    exact = (answers(run, samples, own) == targets).mean()
    shuffled = (answers(run, samples, (own + 7 * 2) % 32) == targets).mean()
    assert exact > 0.95
    assert shuffled < 0.5


def test_the_run_folder_says_what_it_was_made_of(learned):
    release, run, said = learned
    record = json.loads((run / "run.json").read_text())
    manifest = json.loads((release / "manifest.json").read_text())
    assert record["release_digest"] == manifest["digest"]
    assert record["sessions"][0]["packages"]["torch"]
    assert load_recipe(str(run / "recipe.toml")).run.per_step == 8
    card = (run / "README.md").read_text()
    assert all(word in card for word in (manifest["digest"], record["plan"], "face by made-up"))
    assert any("nothing" not in line for line in said)
    assert list((run / "tensorboard").iterdir())


def test_the_loss_falls_and_every_step_is_logged_once(learned):
    log = [line for line in read_log(learned[1]) if "loss" in line]
    assert [line["step"] for line in log] == list(range(1, len(log) + 1))
    assert log[-1]["loss"] < log[0]["loss"] / 20


def test_a_finished_run_has_nothing_to_do(learned, cache):
    from trainer.train import train

    release, run, _ = learned
    said = []
    mix = 'data.mix={"coarse/emotion" = 0.5, "fine/reason" = 0.5}'
    train(run_of(release, run, cache, mix, "run.per_step=8"), said.append)
    assert said[0].startswith("nothing to do")
    with pytest.raises(SetupError, match=r"holds another run .run\.per_step = 8, now 4"):
        train(run_of(release, run, cache, mix, "run.per_step=4"), said.append)


def test_from_run_repeats_it_to_the_last_bit(learned, cache, tmp_path):
    from trainer.command import Wanted, run

    _, first, _ = learned
    short = tmp_path / "short"
    wanted = Wanted(from_run=first, out=short, cache=cache, assignments=["run.visits=16"])
    run(wanted, lambda _: None)
    run(Wanted(from_run=short, out=tmp_path / "again", cache=cache), lambda _: None)
    logs = [
        [{k: v for k, v in line.items() if k != "seconds"} for line in read_log(folder)]
        for folder in (short, tmp_path / "again")
    ]
    assert logs[0] == logs[1]
    weights = [
        (f / "model" / "model.safetensors").read_bytes() for f in (short, tmp_path / "again")
    ]
    assert weights[0] == weights[1]
    with pytest.raises(SetupError, match="leave --recipe out"):
        run(replace(wanted, recipe="demo"), lambda _: None)


def test_training_stops_early_where_validation_gets_no_better(small, cache, tmp_path):
    from trainer.train import train

    settings = ["run.visits=700", "run.validate_every=2", "run.patience=2", "optimizer.lr=1e-12"]
    settings += ["optimizer.lr_start=0", "optimizer.lr_end=1e-12", "optimizer.warmup_visits=0"]
    progress = train(run_of(small, tmp_path / "run", cache, *settings), lambda _: None)
    assert progress.done
    assert progress.step < 100
    assert progress.best_step < progress.step
    kept = [c.name for c in (tmp_path / "run" / "checkpoints").iterdir()]
    assert f"step-{progress.best_step:08d}" in kept


def test_activations_computed_again_change_nothing(small, cache, tiny_llm, tmp_path):
    """As on cards of 24 GB; dropout is the same in both computations."""
    from trainer.train import train

    settings = [f"model.llm={tiny_llm}", "model.adapter=lora", "model.rank=4", "model.dropout=0.2"]
    settings += ["run.visits=21", "run.tensorboard=false"]
    logs = []
    for again in ("false", "true"):
        out = tmp_path / again
        request = run_of(small, out, cache, *settings, f"device.checkpointing={again}")
        train(request, lambda _: None)
        logs.append([line["loss"] for line in read_log(out) if "loss" in line])
    assert len(logs[0]) == 3
    assert logs[0] == logs[1]


def test_a_second_stage_begins_with_the_weights_of_the_first(learned, cache, tmp_path):
    from trainer.train import train

    release, first, _ = learned
    settings = ["run.visits=7", 'data.mix={"fine/reason" = 1}', f"model.start={first}"]
    settings += ["optimizer.lr_start=1e-9"]
    train(run_of(release, tmp_path / "second", cache, *settings), lambda _: None)
    fresh = read_log(first)[0]["loss"]
    assert read_log(tmp_path / "second")[0]["loss"] < fresh / 10


def test_slots_are_left_out_and_fused_by_configuration(small, cache, tmp_path):
    from trainer.open_model import open_model
    from trainer.train import train

    settings = ["run.visits=14", "run.tensorboard=false"]
    settings += ['model.without=["motion"]', "model.fusion=conv-attention"]
    train(run_of(small, tmp_path / "run", cache, *settings), lambda _: None)
    trained = open_model(tmp_path / "run")
    assert trained.config.markers == ("face", "audio")
    assert set(trained.trained_on.encoders) == {"face", "audio"}
    fusing = trained.model.projectors.fusion
    assert float(fusing.up.weight.detach().abs().max()) > 0  # it begins as nothing, and learns
    assert "motion by" not in (tmp_path / "run" / "README.md").read_text()


@pytest.mark.filterwarnings("ignore")  # of torch, inside of its compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_model_learns_what_the_other_learns(small, cache, tmp_path):
    from torch._dynamo.utils import counters

    from trainer.train import train

    settings = ["run.visits=14", "run.tensorboard=false"]
    train(run_of(small, tmp_path / "plain", cache, *settings), lambda _: None)
    counters.clear()
    train(run_of(small, tmp_path / "compiled", cache, *settings, "device.compile=true"), print)
    assert counters["stats"]["unique_graphs"] > 0  # something was compiled
    plain, compiled = ([line["loss"] for line in losses(tmp_path / run)] for run in RUNS)
    np.testing.assert_allclose(compiled, plain, rtol=1e-4)


def test_weights_and_biases_gets_every_step(small, cache, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed; the recipe key is optional")
    from trainer.train import train

    monkeypatch.setenv("WANDB_MODE", "offline")
    settings = ["run.visits=14", "run.tensorboard=false", "run.wandb=true"]
    train(run_of(small, tmp_path / "run", cache, *settings), lambda _: None)
    [kept] = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    steps = len(losses(tmp_path / "run"))
    assert steps > 1
    assert kept.read_bytes().count(b"gradient_norm") >= steps


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["run.max_length=20"], "run.max_length: .* longer than 20"),
        (["data.must_have=['fear']"], "no sample with the label fear"),
        (["model.grid=true"], "give the folder of the grid cache"),
        (["data.encoders.face=other"], "no features of 'other'"),
        (["model.llm={here}"], "has no tokenizer"),
        (["model.start=nowhere"], "model.start nowhere"),
        pytest.param(["run.wandb=true"], "wandb is not installed", marks=WITHOUT_WANDB),
        (['model.without=["face", "motion", "audio"]'], "has no features"),
        (["device.parallel=fsdp"], "with one process shards nothing"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(settings, said, small, cache, tmp_path):
    from trainer.train import train

    settings = [setting.format(here=tmp_path) for setting in settings]
    with pytest.raises(SetupError, match=said):
        train(run_of(small, tmp_path / "run", cache, *settings), lambda _: None)


def test_a_run_that_never_saved_stands_in_no_other_ones_way(small, cache, tmp_path):
    """A wrong model is the first mistake of many; the folder is then as good as new."""
    from trainer.train import train

    out, short = tmp_path / "run", ["run.visits=7", "run.tensorboard=false"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SetupError, match="has no tokenizer"):
        train(
            run_of(small, out, cache, *short, f"model.llm={tmp_path / 'nothing'}"), lambda _: None
        )
    with pytest.raises(SetupError, match=r"model\.start nowhere"):
        train(run_of(small, out, cache, *short, "model.start=nowhere"), lambda _: None)
    assert (out / "run.json").exists()
    assert train(run_of(small, out, cache, *short), lambda _: None).done
    with pytest.raises(SetupError, match=r"holds another run .run\.visits = 7, now 14"):
        train(run_of(small, out, cache, *short, "run.visits=14"), lambda _: None)


def test_two_runs_in_one_folder_are_refused(small, cache, tmp_path):
    from trainer.run_lock import run_lock
    from trainer.train import train

    request = run_of(small, tmp_path / "run", cache, "run.visits=7", "run.tensorboard=false")
    with run_lock(tmp_path / "run"), pytest.raises(SetupError, match="another process trains"):
        train(request, lambda _: None)
    assert train(request, lambda _: None).done


def test_a_model_that_mixes_packed_samples_is_not_trained_on_them(small, cache, tmp_path):
    """Mamba knows no positions; transformers takes packed rows for it and says nothing."""
    from transformers import MambaConfig, MambaForCausalLM

    from trainer.tiny import make_tokenizer
    from trainer.train import train

    samples = load(small, cache=cache)
    tokenizer = make_tokenizer([*samples.column("instruction"), *samples.column("target")])
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    config = MambaConfig(vocab_size=len(tokenizer), **sizes)
    MambaForCausalLM(config).save_pretrained(tmp_path / "llm")
    tokenizer.save_pretrained(tmp_path / "llm")
    settings = ["run.visits=7", "device.attention=eager", f"model.llm={tmp_path / 'llm'}"]
    with pytest.raises(SetupError, match=r"mamba lets packed samples .* device\.row_tokens=0"):
        train(run_of(small, tmp_path / "run", cache, *settings), lambda _: None)


def test_a_dry_run_says_steps_and_memory_and_loads_nothing(small, cache, tmp_path):
    from trainer.foresee import foresee, foreseen_text

    told = foresee(run_of(small, tmp_path / "run", cache))
    assert (told.steps, told.visits, told.samples) == (300, 2100, 48)
    text = foreseen_text(told)
    assert all(word in text for word in ("memory", "hours", "steps", "H200"))
    assert "hours     below 0.01 on one H100" in text
    assert "e-0" not in text.split("work")[0]
    assert not (tmp_path / "run").exists()
