"""A run that is killed and started again is the run that was never disturbed, bit for bit."""

import shutil

import pytest

from tests.trainer.processes import finish, has_step, kill_when, told
from trainer.log import FILE
from trainer.run_checkpoint import checkpoints

pytest.importorskip("accelerate", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

CASES = [(1, "ddp"), (2, "ddp"), (2, "fsdp")]
SETTINGS = {  # 12 steps of 4 x 2 visits, LoRA with dropout
    "run.visits": 96,
    "run.per_step": 8,
    "run.save_every": 5,
    "run.validate_every": 4,
    "model.adapter": "lora",
    "model.dropout": 0.1,
    "model.rank": 4,
    "device.at_once": 2,
    "optimizer.warmup_visits": 24,
}


@pytest.fixture
def arguments(small, cache, tiny_llm):
    def of(out, **changed):
        settings = SETTINGS | {"model.llm": tiny_llm} | changed
        given = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        return [str(small), "--recipe", "demo", "--out", str(out), "--cache", str(cache), *given]

    return of


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Runs that came to their end without a stop, made once per number of processes."""
    done = {}

    def of(arguments, processes, parallel):
        key = (processes, parallel)
        if key not in done:
            done[key] = tmp_path_factory.mktemp("undisturbed") / "run"
            words = arguments(done[key], **{"device.parallel": parallel})
            finish(words, processes=processes)
        return done[key]

    return of


def weights(run):
    return (run / "model" / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize(("processes", "parallel"), CASES)
def test_a_killed_run_goes_on_with_the_same_samples_and_losses(
    processes, parallel, arguments, undisturbed, tmp_path
):
    whole = undisturbed(arguments, processes, parallel)
    run = tmp_path / "run"
    words = arguments(run, **{"device.parallel": parallel})
    kill_when(words, has_step(run, 8), processes=processes)
    assert [c.name for c in checkpoints(run / "checkpoints")][-1] < "step-00000012"
    said = finish(words, processes=processes)
    assert "going on from step" in said
    assert told(run) == told(whole)
    assert len(told(run)) == 15  # 12 steps and 3 validations, none of them twice
    assert weights(run) == weights(whole)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_kill_while_a_checkpoint_is_written_costs_no_more_than_that_checkpoint(
    processes, arguments, undisturbed, tmp_path
):
    whole = undisturbed(arguments, processes, "ddp")
    run = tmp_path / "run"
    folder = run / "checkpoints"
    words = arguments(run)
    kill_when(words, lambda: any(folder.glob(".step-00000010.*")), processes=processes)
    assert checkpoints(folder)[-1].name in ("step-00000008", "step-00000010")
    finish(words, processes=processes)
    assert told(run) == told(whole)
    assert weights(run) == weights(whole)
    assert not list(folder.glob(".*"))


def test_what_is_half_written_is_passed_over_for_the_newest_complete_one(
    arguments, undisturbed, tmp_path
):
    whole = undisturbed(arguments, 1, "ddp")
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    shutil.rmtree(run / "model")
    last, *_ = sorted((run / "checkpoints").glob("step-*"), reverse=True)
    (last / "complete").unlink()
    (last / "optimizer.pt").write_bytes(b"cut")
    shutil.copytree(last, run / "checkpoints" / ".step-00000012.1.tmp")
    with (run / FILE).open("a") as log:
        log.write('{"step": 13, "lo')
    assert "going on from step" in finish(arguments(run))
    assert told(run) == told(whole)
    assert weights(run) == weights(whole)


def test_another_number_of_processes_is_refused_with_a_reason(arguments, undisturbed, tmp_path):
    whole = undisturbed(arguments, 1, "ddp")
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    with pytest.raises(AssertionError, match="begun with 1 processes and would go on with 2"):
        finish(arguments(run), processes=2)


def test_two_processes_and_shards_learn_what_one_process_learns(arguments, undisturbed):
    losses = [
        [line["loss"] for line in told(undisturbed(arguments, *case)) if "loss" in line]
        for case in CASES
    ]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=0.05)  # other dropout
    assert losses[1] == pytest.approx(losses[2], rel=1e-5)
    samples = [
        [line["samples"] for line in told(undisturbed(arguments, *case)) if "samples" in line]
        for case in CASES
    ]
    assert samples[0] == samples[1] == samples[2]
