"""Usage: python benchmarks/train_gpu.py [--preset auto|24|48|80|141] [--steps 10] [--json FILE]

How fast stage 1 trains on one GPU, with random weights of the real sizes, against the original's
recipe re-enacted in the same run. Nothing is downloaded. Without a GPU it runs tiny on the CPU and
says so: then only that it runs is measured.

Operations are counted as `trainer/flops.py` says: forward, and backward through activations; no
weight gradients of frozen weights, nothing that is computed twice, no padding. EVA's forward counts
where it runs. The rate of a large bf16 product of matrices is measured in the same run; MFU is the
share of it. A visit has a length drawn from 360 to 440 tokens, 256 of them patches, and 60 answer
tokens for every second one, 3 for the others, as stage 1 mixes reasons and labels.

The original's recipe is re-enacted; a second table lists its settings, what was done of them, and
ours. Each gain alone changes one thing of it. After the preset that was asked for, every other one
whose memory the card has is measured within that memory.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch
from table import print_table
from train_bench import Bench, Measured
from train_figures import figures, print_settings
from train_variants import REAL, TINY, Variant, ours_of, variants

from trainer.presets import Preset, preset_of, presets

NO_GPU = "no GPU: tiny sizes on the CPU, speed unsaid"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    gpu = torch.cuda.is_available()
    bench = Bench(REAL if gpu else TINY, torch.device("cuda" if gpu else "cpu"))
    preset = preset_of(wanted.preset) if gpu else presets()[0]
    measured = list(measure(bench, preset, wanted.steps))
    name = torch.cuda.get_device_name() if gpu else NO_GPU
    print_table(figures(bench, measured, f"{name}, preset {preset.memory_gb} GB"))
    print_settings(preset)
    if wanted.json:
        told = {"device": name, "preset": preset.model_dump(), "matmul_flops": bench.rate}
        told["measured"] = [asdict(m) for m in measured]
        wanted.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def measure(bench: Bench, preset: Preset, steps: int) -> Iterator[Measured]:
    limit(preset, bench.gpu)
    # Compiling takes a minute and says nothing of tiny sizes.
    for variant in variants(preset) if bench.gpu else variants(tiny(preset))[:-1]:
        yield from fitting(bench, variant, steps)
    for other in presets():
        if other != preset and (not bench.gpu or limit(other, bench.gpu)):
            ours = ours_of(other if bench.gpu else tiny(other))
            named = replace(ours, name=f"ours, preset {other.memory_gb} GB")
            yield from fitting(bench, named, steps)


def fitting(bench: Bench, variant: Variant, steps: int) -> Iterator[Measured]:
    try:
        yield bench.measure(variant, steps)
    except torch.cuda.OutOfMemoryError:
        print(f"{variant.name}: does not fit", file=sys.stderr)


def limit(preset: Preset, gpu: bool) -> bool:
    """Of a smaller card than is here: its memory is all that may be used. False: it has more."""
    if not gpu:
        return False
    here = torch.cuda.get_device_properties(0).total_memory / 1e9
    torch.cuda.set_per_process_memory_fraction(min(1.0, preset.memory_gb / here))
    return preset.memory_gb * 0.9 <= here  # as presets choose


def tiny(preset: Preset) -> Preset:
    return preset.model_copy(update={"at_once": 4, "row_tokens": 80})


if __name__ == "__main__":
    main()
