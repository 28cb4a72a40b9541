"""Usage: python benchmarks/answer_agreement.py RUN RELEASE [--part val] [--task emotion]

How often a trained model answers otherwise in batches of 8 than one by one, and with LoRA merged
than with its adapter, in float32 and in bfloat16: on the GPU where there is one, else on the CPU.
In float32 on a CPU none may differ (tests hold it to the token). In bfloat16 two tokens may be
equally probable, and either come first, so that share is measured and not promised.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from peft import PeftModel
from table import Figure, print_table

from trainer.answering import Asked, How, answer
from trainer.data import Samples, load
from trainer.generate import disagreement
from trainer.merge import merged
from trainer.open_model import TrainedModel, open_model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("release", type=Path)
    parser.add_argument("--part", default="val")
    parser.add_argument("--task", default="emotion")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        samples = load(wanted.release, cache=Path(cache), split=wanted.part)
        asked = samples.where(samples.column("task") == wanted.task)
        print_table(list(figures(wanted.run, asked)))


def figures(run: Path, samples: Samples) -> Iterator[Figure]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    yield Figure("device", name)
    yield Figure("questions", str(len(samples)))
    for precision in ("fp32", "bf16"):
        trained = open_model(run, precision=precision, device=device)
        if trained.trained_on.grid or trained.trained_on.eyes:
            raise SystemExit("models that read patch grids or see pictures are not taken here")
        single = answers(trained, samples, 1)
        wanted = "0.0 %" if (precision, device) == ("fp32", "cpu") else ""
        others = {"batches of 8": answers(trained, samples, 8)}
        if isinstance(trained.model, PeftModel):
            whole = replace(trained, model=merged(trained.model))
            others["LoRA merged"] = answers(whole, samples, 1)
        for what, found in others.items():
            share = f"{100 * disagreement(single, found):.1f} %"
            yield Figure(f"answers that differ, {precision}, {what}", share, wanted)


def answers(trained: TrainedModel, samples: Samples, batch_size: int) -> list[str]:
    asked = (Asked(sample.instruction, sample.features) for sample in samples)
    return [found.text for found in answer(trained, asked, How(batch_size, max_new_tokens=60))]


if __name__ == "__main__":
    main()
