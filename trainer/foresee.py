"""`--dry-run`: steps, memory and hours of a run, computed before any weights are loaded."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from trainer.flops import (
    Memory,
    Shape,
    eva_flops,
    eva_weights,
    memory_of,
    shape_of,
    visit_flops,
)
from trainer.prepare import Prepared, prepare
from trainer.presets import presets
from trainer.run_folder import RunFolder, is_begun
from trainer.train import Request

# Share of a card's data sheet that training is expected to reach: 45 % of the rate that large
# products of matrices reach, which is 80 % of the sheet (790 of 989 TFLOP/s on an H200).
EXPECTED: Final = 0.45 * 0.8
_BYTES: Final = {"bf16": 2, "fp32": 4}


@dataclass(frozen=True)
class Foreseen:
    title: str
    release: str
    steps: int
    visits: int
    per_step: int
    validation: int
    samples: int
    coverage: str
    tokens: float  # mean of a visit
    answer: float
    longest: int
    shape: Shape
    flops: float  # of a visit
    memory: Memory

    @property
    def total_flops(self) -> float:
        return self.flops * self.visits

    def hours(self, peak_tflops: float) -> float:
        return self.total_flops / (peak_tflops * 1e12 * EXPECTED) / 3600


def foresee(request: Request) -> Foreseen:
    run = RunFolder(request.out)
    prepared = prepare(
        request.release,
        request.recipe,
        cache=request.cache,
        tokenizer=run.tokenizer if is_begun(run) else None,
        grid=request.grid,
    )
    return foreseen(prepared)


def foreseen(prepared: Prepared) -> Foreseen:
    recipe, plan, table = prepared.recipe, prepared.plan, prepared.collate.table
    lengths = table.lengths[plan.visits].astype(float)
    answer = float(table.answers[plan.visits].mean())
    shape = shape_of(prepared.config, recipe.model)
    eva = prepared.config.vision_config
    at_once = min(recipe.device.at_once, plan.per_step)
    return Foreseen(
        title=recipe.name,
        release=prepared.release.title,
        steps=plan.steps,
        visits=len(plan.visits),
        per_step=plan.per_step,
        validation=len(prepared.validation),
        samples=len(np.unique(plan.visits)),
        coverage=prepared.coverage_text,
        tokens=float(lengths.mean()),
        answer=answer,
        longest=int(lengths.max()),
        shape=shape,
        flops=visit_flops(
            shape, tokens=lengths.mean(), answer=answer, squared=float((lengths**2).mean())
        )
        + (eva_flops(eva) if eva else 0.0),
        memory=memory_of(
            shape,
            tokens_at_once=float(lengths.mean()) * at_once,
            checkpointing=recipe.device.checkpointing,
            weight_bytes=_BYTES[recipe.device.precision],
            processes=1,
            beside=eva_weights(eva) if eva else 0,
        ),
    )


def foreseen_text(told: Foreseen) -> str:
    memory = told.memory
    lines = [
        f"{told.title} on {told.release}",
        f"  samples   {told.samples} to train on, {told.validation} to validate with",
        f"  features  {told.coverage}",
        f"  steps     {told.steps} of {told.per_step} visits: {told.visits} visits, "
        f"{told.visits / told.samples:.1f} passes",
        f"  tokens    {told.tokens:.0f} a visit, {told.answer:.0f} of them answer, the longest "
        f"{told.longest}; {told.tokens * told.visits / 1e6:.1f} million in all",
        f"  model     {_many(told.shape.base)} parameters, {_many(told.shape.trained)} trained",
        f"  memory    {_gb(memory.total)} a process, estimated: frozen weights "
        f"{_gb(memory.weights)}, trained {_gb(memory.trained)}, activations "
        f"{_gb(memory.activations)}",
        f"  work      {told.flops / 1e12:.3g} TFLOP a visit, {told.total_flops / 1e18:.3g} EFLOP",
    ]
    lines += [
        f"  hours     {_hours(told.hours(preset.peak_tflops))} on one {preset.card} "
        f"({preset.memory_gb} GB) at {EXPECTED:.0%} of its data sheet"
        for preset in presets()
    ]
    return "\n".join([*lines, "no weights were loaded, and nothing was trained"])


def _many(count: int) -> str:
    for unit, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def _gb(size: float) -> str:
    return f"{size / 1e9:.2g} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def _hours(hours: float) -> str:
    return f"{hours:.2g}" if hours >= 0.01 else "below 0.01"
