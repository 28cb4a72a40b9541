"""A model of random weights, trained for some steps in one way, with a clock."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from train_batches import Visits
from train_variants import Sizes, Variant
from transformers import AutoModelForCausalLM

from trainer.batch import Batch
from trainer.build_model import inner_model
from trainer.config import EmotionLlamaConfig
from trainer.flops import Shape, eva_flops, shape_of, visit_flops
from trainer.loop import weighted_loss
from trainer.lora import with_lora
from trainer.model import EmotionLlama
from trainer.optimizer import make_optimizer
from trainer.recipe import ModelRecipe
from trainer.recipe_file import load_recipe
from trainer.sequence import SENTINELS
from trainer.vision import eyes_of

WARMUP = 3


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
    settings: Variant


class Bench:
    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        self.sizes = sizes
        self.device = device
        self.visits = Visits(sizes, device)
        self.gpu = device.type == "cuda"
        self.rate = matmul_rate(sizes.matmul, device)

    def measure(self, variant: Variant, steps: int) -> Measured:
        if self.gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        model, shape = self.model(variant)
        visits = [self.visits.drawn(variant) for _ in range(WARMUP + steps)]
        step = self.stepper(model, variant)
        times, loss = [], 0.0
        for number, drawn in enumerate(visits):
            batch = self.visits.batch(drawn, variant)
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
            settings=variant,
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
            inner.llm.activation_checkpointing_enable({"use_reentrant": False})
        if variant.compile:
            inner.llm.model.compile(dynamic=True)
        return model.train(), shape

    def needed(self, shape: Shape, visits: list[tuple[int, int]], variant: Variant) -> float:
        total = sum(visit_flops(shape, tokens=t, answer=a) for t, a in visits)
        return total + len(visits) * (eva_flops(self.sizes.eva) if variant.eva else 0.0)

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
