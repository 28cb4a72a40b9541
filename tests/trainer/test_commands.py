"""`merr convert-checkpoint` and `merr merge-checkpoint`, and merr without the extra."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from flows.checkpoints import needs_trainer
from schemas.errors import SetupError

needs_train = pytest.mark.skipif(
    find_spec("torch") is None, reason="the extra train is not installed"
)


def run_merr(*words):
    command = [sys.executable, "-c", "from flows.cli import main; main()", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_line_loads_nothing_of_the_trainer():
    heavy = "{'torch', 'transformers', 'peft', 'trainer'} & set(sys.modules)"
    code = f"import flows.cli, flows.checkpoints, sys; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_the_extra_the_command_that_installs_it_is_told():
    with pytest.raises(SetupError, match=r"needs no_such_package; run `pip install .*\[train\]'`"):
        needs_trainer(("sys", "no_such_package"))


@pytest.mark.slow
@pytest.mark.model
@needs_train
def test_a_checkpoint_of_the_original_is_converted_and_merged_by_commands(tmp_path):
    import torch

    from tests.trainer.original_net import checkpoint_state
    from tests.trainer.tiny import tiny_llm, tiny_tokenizer
    from trainer.checkpoint import load_model

    tiny_llm().save_pretrained(tmp_path / "llm")
    tiny_tokenizer().save_pretrained(tmp_path / "llm")
    torch.save({"model": checkpoint_state()}, tmp_path / "checkpoint.pth")
    converted, whole = tmp_path / "converted", tmp_path / "whole"
    command = ("convert-checkpoint", tmp_path / "checkpoint.pth", "--llm", tmp_path / "llm")
    done = run_merr(*command, "--out", converted)
    assert done.returncode == 0, done.stderr
    assert "8 LoRA tensors (scaling 4), 10 of projectors" in done.stdout
    assert "3 tensors ignored by name" in done.stdout
    again = run_merr(*command, "--out", converted)
    assert (again.returncode, again.stdout) == (2, "")
    assert "is not empty" in again.stderr
    done = run_merr("merge-checkpoint", converted, "--out", whole, "--dtype", "float32")
    assert done.returncode == 0, done.stderr
    model, _ = load_model(whole, dtype=torch.float32)
    assert model.config.layout == "published-eval"
