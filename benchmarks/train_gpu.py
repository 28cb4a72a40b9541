"""Usage: python benchmarks/train_gpu.py [--preset auto|24|48|80|141] [--steps 10] [--json FILE]

How fast stage 1 trains on one GPU, with random weights of the real sizes, against the original's
recipe re-enacted in the same run. Nothing is downloaded. Without a GPU it runs tiny on the CPU and
says so: then only that it runs is measured.

Operations are counted as `trainer/flops.py` says: forward, and backward through activations; no
weight gradients of frozen weights, nothing that is computed twice, no padding. EVA's forward counts
where it runs. The rate of a large bf16 product of matrices is measured in the same run; MFU is the
share of it. A visit has a length drawn from 360 to 440 tokens, 256 of them patches, and 60 answer
tokens for every second one, 3 for the others, as stage 1 mixes reasons and labels.

The original as re-enacted (emotion-llama.md 4): batch 1, float16 with a GradScaler, EVA run for
every sample, attention without fused kernels, all hidden states kept, logits of all positions in
float32, loss.item() after each step, no checkpointing in the language model. Not re-enacted: its
data loader (benchmarks/loader.py) and its validation. Each gain alone changes one thing of it.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from table import Figure, print_table
from transformers import AutoModelForCausalLM, Blip2VisionConfig, LlamaConfig

from trainer.batch import Batch
from trainer.build_model import inner_model
from trainer.config import EmotionLlamaConfig
from trainer.flops import Shape, eva_flops, shape_of, visit_flops
from trainer.loop import on_device, weighted_loss
from trainer.lora import with_lora
from trainer.model import EmotionLlama
from trainer.optimizer import make_optimizer
from trainer.packing import rows_of
from trainer.presets import Preset, preset_of, presets
from trainer.recipe import ModelRecipe
from trainer.recipe_file import load_recipe
from trainer.sequence import IGNORED, SENTINELS
from trainer.vision import eyes_of

STAGE_VISITS = 240_000  # both stages of the recipes
WARMUP = 3


@dataclass(frozen=True)
class Sizes:
    """The real ones, or tiny ones for a machine without a GPU."""

    llm: LlamaConfig
    eva: Blip2VisionConfig
    image_px: int
    patches: int
    lengths: tuple[int, int]  # of a sequence, with patches
    answers: tuple[int, int]
    matmul: int
    rank: int


REAL = Sizes(
    llm=LlamaConfig(vocab_size=32000, intermediate_size=11008),  # Llama-2-7B
    eva=Blip2VisionConfig(image_size=448, initializer_range=0.02),
    image_px=448,
    patches=1024,
    lengths=(360, 440),
    answers=(3, 60),
    matmul=8192,
    rank=64,
)
TINY = Sizes(
    llm=LlamaConfig(
        vocab_size=512,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
    ),
    eva=Blip2VisionConfig(
        image_size=28,
        patch_size=7,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.02,
    ),
    image_px=28,
    patches=16,
    lengths=(30, 40),
    answers=(2, 8),
    matmul=256,
    rank=4,
)


@dataclass(frozen=True)
class Variant:
    """One way to train. The fields are those that the original and we differ in."""

    name: str
    at_once: int
    eva: bool  # run for every sample; else its grid comes from the cache
    whole_logits: bool  # of all positions, and all hidden states kept
    row_tokens: int  # 0: a padded row per sample
    half: bool  # float16 and GradScaler; else bfloat16
    attention: str
    checkpointing: bool = False
    grid: bool = True
    compile: bool = False


@dataclass(frozen=True)
class Measured:
    name: str
    samples_per_s: float
    tflops: float  # needed operations done in a second
    mfu: float  # share of the rate of a product of matrices
    step_ms: float
    at_once: int
    peak_gb: float | None  # None: not on a GPU
    loss: float


def variants(preset: Preset) -> list[Variant]:
    original = Variant("the original, re-enacted", 1, True, True, 0, True, "eager")
    ours = Variant(
        "ours",
        preset.at_once,
        False,
        False,
        preset.row_tokens,
        False,
        "sdpa",
        checkpointing=preset.checkpointing,
    )
    some = min(8, preset.at_once)  # what fits beside EVA, whole logits and hidden states
    return [
        original,
        replace(original, name=f"+ batch of {some}", at_once=some),
        replace(original, name="+ cached EVA", eva=False),
        replace(original, name=f"+ packing, {some} visits", at_once=some, row_tokens=2048),
        replace(original, name="+ wanted logits only", whole_logits=False),
        replace(original, name="+ bfloat16 and sdpa", half=False, attention="sdpa"),
        ours,
        replace(ours, name="ours without packing", row_tokens=0),
        replace(ours, name="ours without patch grid", grid=False, at_once=2 * ours.at_once),
        replace(ours, name="ours, decoder compiled", compile=True),
    ]


class Bench:
    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        self.sizes = sizes
        self.device = device
        self.rng = np.random.default_rng(7)
        self.gpu = device.type == "cuda"
        self.rate = matmul_rate(sizes.matmul, device)

    def measure(self, variant: Variant, steps: int) -> Measured:
        if self.gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        model, shape = self.model(variant)
        visits = [self.visits(variant) for _ in range(WARMUP + steps)]
        step = self.stepper(model, variant)
        times, loss = [], 0.0
        for number, drawn in enumerate(visits):
            batch = self.batch(drawn, variant)
            self.wait()
            start = time.perf_counter()
            loss = step(batch)
            self.wait()
            if number >= WARMUP:
                times.append(time.perf_counter() - start)
        needed = sum(self.needed(shape, drawn, variant) for drawn in visits[WARMUP:])
        achieved = needed / sum(times) / 1e12
        return Measured(
            name=variant.name,
            samples_per_s=variant.at_once * steps / sum(times),
            tflops=achieved,
            mfu=achieved * 1e12 / self.rate,
            step_ms=statistics.median(times) * 1e3,
            at_once=variant.at_once,
            peak_gb=torch.cuda.max_memory_allocated() / 1e9 if self.gpu else None,
            loss=loss,
        )

    def wait(self) -> None:
        if self.gpu:
            torch.cuda.synchronize()

    def dtype(self, variant: Variant) -> torch.dtype:
        if not self.gpu:
            return torch.float32  # 16 bits are emulated on CPUs
        return torch.float16 if variant.half else torch.bfloat16

    def model(self, variant: Variant) -> tuple[Any, Shape]:
        config = EmotionLlamaConfig(
            text_config=self.sizes.llm,
            used=[m for m in SENTINELS if m != "grid" or variant.grid],
            grid_patches=self.sizes.patches,
            grid_width=self.sizes.eva.hidden_size,
            image_width=self.sizes.eva.hidden_size,
        )
        shape = shape_of(config, ModelRecipe(llm="random", rank=self.sizes.rank))
        torch.manual_seed(7)
        with self.device:
            llm = AutoModelForCausalLM.from_config(
                self.sizes.llm,
                dtype=self.dtype(variant),
                attn_implementation=variant.attention,
            )
            eyes = eyes_of(self.sizes.eva).to(self.dtype(variant)) if variant.eva else None
            model: Any = EmotionLlama.from_parts(config, llm, eyes)
            model = with_lora(model, r=self.sizes.rank)
        inner = inner_model(model)
        if variant.checkpointing:
            inner.llm.gradient_checkpointing_enable({"use_reentrant": False})
        if variant.compile:
            inner.llm.model.compile(dynamic=True)
        return model.train(), shape

    def visits(self, variant: Variant) -> list[tuple[int, int]]:
        """(tokens, answer tokens) of every visit of a step."""
        few, many = self.sizes.answers
        low, high = self.sizes.lengths
        without = 0 if variant.grid else self.sizes.patches // 4
        lengths = self.rng.integers(low, high + 1, variant.at_once) - without
        return [(int(n), many if i % 2 else few) for i, n in enumerate(lengths)]

    def needed(self, shape: Shape, visits: list[tuple[int, int]], variant: Variant) -> float:
        total = sum(visit_flops(shape, tokens=t, answer=a) for t, a in visits)
        return total + len(visits) * (eva_flops(self.sizes.eva) if variant.eva else 0.0)

    def batch(self, visits: list[tuple[int, int]], variant: Variant) -> Batch:
        rows = rows_of([tokens for tokens, _ in visits], variant.row_tokens)
        width = max(sum(visits[place][0] for place in row) for row in rows)
        ids = np.zeros((len(rows), width), np.int64)
        positions, labels = np.zeros_like(ids), np.full_like(ids, IGNORED)
        mask, weights = np.zeros_like(ids, np.bool_), []
        for number, row in enumerate(rows):
            at = 0
            for place in row:
                tokens, answer = visits[place]
                part = slice(at, at + tokens)
                ids[number, part] = self.sequence(tokens, variant)
                labels[number, part.stop - answer : part.stop] = ids[
                    number, part.stop - answer : part.stop
                ]
                positions[number, part] = np.arange(tokens)
                mask[number, part] = True
                weights += [1 / answer / len(visits)] * answer
                at = part.stop
            positions[number, at:] = np.arange(width - at)
        inputs = {"input_ids": ids, "labels": labels}
        inputs |= {"position_ids": positions} if variant.row_tokens else {"attention_mask": mask}
        tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
        tensors |= self.features(len(visits), variant)
        real = sum(tokens for tokens, _ in visits)
        made = Batch(tensors, torch.tensor(weights, dtype=torch.float32), real)
        return on_device(made, self.device)

    def sequence(self, tokens: int, variant: Variant) -> np.ndarray[Any, np.dtype[np.int64]]:
        ids = self.rng.integers(3, self.sizes.llm.vocab_size, tokens)
        head = [SENTINELS["grid"]] * (self.sizes.patches // 4 if variant.grid else 0)
        places = [*head, *(SENTINELS[m] for m in SENTINELS if m != "grid")]
        ids[1 : 1 + len(places)] = places
        return ids

    def features(self, visits: int, variant: Variant) -> dict[str, torch.Tensor]:
        def drawn(*shape: int) -> torch.Tensor:
            return torch.from_numpy(self.rng.standard_normal(shape, np.float32).astype(np.float16))

        found = {slot: drawn(visits, 1024) for slot in ("face", "motion", "audio")}
        if variant.eva:
            side = self.sizes.image_px
            return found | {"pixel_values": drawn(visits, 3, side, side)}
        found["image"] = drawn(visits, self.sizes.eva.hidden_size)
        if variant.grid:
            found["grid"] = drawn(visits, self.sizes.patches, self.sizes.eva.hidden_size)
        return found

    def stepper(self, model: Any, variant: Variant) -> Callable[[Batch], float]:
        recipe = load_recipe("merr-stage1").optimizer
        optimizer = make_optimizer(model, recipe)
        scaler = torch.amp.GradScaler(enabled=self.gpu and variant.half)
        loss_of = whole_loss if variant.whole_logits else weighted_loss

        def step(batch: Batch) -> float:
            kind = self.dtype(variant)
            with torch.autocast(self.device.type, kind, enabled=self.gpu):
                loss = loss_of(model, batch)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            if not variant.half:
                torch.nn.utils.clip_grad_norm_(
                    [p for p in model.parameters() if p.grad is not None], 1.0
                )
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad(set_to_none=True)
            return float(loss.detach())

        return step


def whole_loss(model: Any, batch: Batch) -> torch.Tensor:
    """As the original: logits of all positions in float32, all hidden states kept."""
    inner = inner_model(model)
    inputs = dict(batch.inputs)
    labels = inputs.pop("labels")
    ids, pixels = inputs.pop("input_ids"), inputs.pop("pixel_values", None)
    positions = inputs.pop("position_ids", None)
    mask = inputs.pop("attention_mask", None)
    embeds = inner.embed(ids, inputs, pixels, positions)
    out = inner.llm(
        inputs_embeds=embeds,
        position_ids=positions,
        attention_mask=mask,
        use_cache=False,
        output_hidden_states=True,
    )
    logits = out.logits.float()[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())


def matmul_rate(size: int, device: torch.device) -> float:
    """Operations a second of a square product, bf16 on a GPU, float32 on a CPU; best of five."""
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    best, rounds = 0.0, 20 if device.type == "cuda" else 3
    for _ in range(5):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(rounds):
            a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * size**3 * rounds / (time.perf_counter() - start))
    return best


def figures(bench: Bench, measured: list[Measured], device: str) -> list[Figure]:
    original = next((m for m in measured if m.name.startswith("the original")), None)
    ours = next((m for m in measured if m.name == "ours"), None)
    lines = [
        Figure("device", device),
        Figure("rate of a product of matrices", f"{bench.rate / 1e12:.3g} TFLOP/s"),
    ]
    for m in measured:
        wanted = "MFU at least 45 %" if bench.gpu and m.name == "ours" else ""
        times = f", {m.samples_per_s / original.samples_per_s:.2f}x" if original else ""
        memory = f", {m.peak_gb:.1f} GB" if m.peak_gb is not None else ""
        lines.append(
            Figure(
                m.name,
                f"{m.samples_per_s:.3g} samples/s{times}, MFU {m.mfu:.1%}, "
                f"{m.step_ms:.1f} ms a step of {m.at_once}{memory}",
                wanted,
            )
        )
    if not bench.gpu:  # tiny sizes: their ratios say nothing about the real ones
        return lines
    if ours and original:
        ratio = ours.samples_per_s / original.samples_per_s
        lines.append(Figure("ours against the original", f"{ratio:.2f}x", "at least 3x"))
    if ours:
        hours = STAGE_VISITS / ours.samples_per_s / 3600
        lines.append(
            Figure(f"both stages, {STAGE_VISITS:,} visits", f"{hours:.2g} h", "2 h on one H200")
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    bench = Bench(REAL if gpu else TINY, device)
    preset = chosen(wanted.preset, gpu)
    measured = []
    for variant in variants(preset) if gpu else variants(preset)[:-1]:
        try:
            measured.append(bench.measure(variant, wanted.steps))
        except torch.cuda.OutOfMemoryError:
            print(f"{variant.name}: does not fit", file=sys.stderr)
    name = torch.cuda.get_device_name() if gpu else "no GPU: tiny sizes on the CPU, speed unsaid"
    print_table(figures(bench, measured, f"{name}, preset {preset.memory_gb} GB"))
    if wanted.json:
        told = {"device": name, "preset": preset.model_dump(), "matmul_flops": bench.rate}
        told["measured"] = [asdict(m) for m in measured]
        wanted.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def chosen(name: str, gpu: bool) -> Preset:
    """Of a smaller card than is here: its memory is all that may be used."""
    if not gpu:
        smallest = presets()[0]
        return smallest.model_copy(update={"at_once": 4, "row_tokens": 80, "checkpointing": False})
    preset = preset_of(name)
    here = torch.cuda.get_device_properties(0).total_memory / 1e9
    torch.cuda.set_per_process_memory_fraction(min(1.0, preset.memory_gb / here))
    return preset


if __name__ == "__main__":
    main()
