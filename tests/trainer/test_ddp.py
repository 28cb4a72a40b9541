"""DDP without find_unused_parameters, although a process lacks modalities."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from tests.trainer.samples import packed, samples_of
from tests.trainer.tiny import tiny_model
from trainer.lora import with_lora

pytestmark = [pytest.mark.slow, pytest.mark.model]
ROOT = Path(__file__).parents[2]


def test_processes_with_different_modalities_train_the_same_weights(tmp_path):
    files = [tmp_path / "0.pt", tmp_path / "1.pt"]
    script = Path(__file__).with_name("apart_ranks.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    run = subprocess.run(
        [*command, str(script), *map(str, files)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    one, other = (torch.load(file, weights_only=True) for file in files)
    assert all(torch.equal(one[name], other[name]) for name in one)
    expected = trained_alone()
    for name, values in one.items():
        torch.testing.assert_close(values, expected[name], rtol=1e-4, atol=1e-5)


def trained_alone():
    """The same three steps in one process: gradients of both batches, averaged."""
    model = with_lora(tiny_model(fusion="conv-attention"), r=4, dropout=0.0)
    learner = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    samples = samples_of(model.get_base_model().config)
    for _ in range(3):
        learner.zero_grad()
        for batch in ([samples[1], samples[3]], [samples[2]]):
            (model(**packed(batch)).loss / 2).backward()
        learner.step()
    return {n: p for n, p in model.named_parameters() if p.requires_grad}
