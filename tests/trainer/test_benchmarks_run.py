"""The benchmarks of the trainer run on a machine without a GPU, and say so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.model]


def table_of(script, *words):
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return {cells[0].strip(): cells[1].strip() for cells in rows}


def test_the_loader_reads_faster_than_the_originals_way():
    figures = table_of("loader.py", "--clips", "40", "--reads", "200")
    assert {"ratio, cold", "ratio, hot"} <= set(figures)
    assert float(figures["ratio, hot"].rstrip("x").replace(",", "")) > 10


def test_training_is_measured_each_gain_alone_and_tiny_where_there_is_no_gpu(tmp_path):
    pytest.importorskip("accelerate", reason="the extra `train` is not installed")
    figures = table_of("train_gpu.py", "--steps", "1", "--json", str(tmp_path / "out.json"))
    assert figures["device"].startswith("no GPU: tiny sizes on the CPU")
    told = json.loads((tmp_path / "out.json").read_text())
    names = [m["name"] for m in told["measured"]]
    assert told["matmul_flops"] > 0
    assert told["measured"][0]["settings"] == {
        "name": "the original, re-enacted",
        "at_once": 1,
        "eva": True,
        "whole_logits": True,
        "row_tokens": 0,
        "half": True,
        "attention": "eager",
        "checkpointing": False,
        "grid": True,
        "compile": False,
    }
    assert {f"ours, preset {gb} GB" for gb in (48, 80, 141)} <= set(names)
    assert names[0] == "the original, re-enacted"
    assert {"+ cached EVA", "+ wanted logits only", "ours", "ours without patch grid"} <= set(names)
    assert set(names) <= set(figures)


def test_answers_in_bfloat16_are_compared_and_in_float32_none_differs(
    small, cache, tiny_llm, tmp_path
):
    pytest.importorskip("accelerate", reason="the extra `train` is not installed")
    from trainer.recipe_file import load_recipe
    from trainer.train import Request, train

    settings = [f"model.llm={tiny_llm}", "model.adapter=lora", "model.rank=4", "run.visits=7"]
    recipe = load_recipe("demo", [*settings, "run.tensorboard=false"])
    train(Request(small, recipe, tmp_path / "run", cache), lambda _: None)
    figures = table_of("answer_agreement.py", str(tmp_path / "run"), str(small))
    assert figures["questions"] == "4"
    for what in ("batches of 8", "LoRA merged"):
        assert figures[f"answers that differ, fp32, {what}"] == "0.0 %"
        assert figures[f"answers that differ, bf16, {what}"].endswith(" %")
