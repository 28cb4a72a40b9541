"""The loop: step after step, with everything that a step needs following from its number."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from schemas.errors import SetupError
from trainer.batch import Batch
from trainer.distributed import autocast, quiet, share_of, summed
from trainer.optimizer import set_rate
from trainer.prepare import Prepared
from trainer.reader import StepReader, ValidationReader, loader
from trainer.schedule import learning_rate
from trainer.trainee import Trainee


@dataclass(frozen=True)
class Step:
    """What a step did. `samples` is a digest of all sample ids visited, in order."""

    number: int  # steps done, this one among them
    loss: float
    rate: float
    gradient_norm: float | None
    samples: str
    tokens: int  # of this process, without padding


def steps(trainee: Trainee, prepared: Prepared, first: int) -> Iterator[Step]:
    """Train from step `first` (as many are done) to the end of the plan."""
    recipe, plan = prepared.recipe, prepared.plan
    reader = StepReader(
        plan,
        prepared.collate,
        share_of(trainee.accelerator),
        at_once=recipe.device.at_once,
        loss=recipe.run.loss,
    )
    parts = reader.batches_per_step
    batches = iter(
        loader(
            reader,
            first=first * parts,
            workers=recipe.device.workers,
            pinned=trainee.accelerator.device.type == "cuda",
        )
    )
    warmup = -(-recipe.optimizer.warmup_visits // plan.per_step)
    ids = prepared.samples.column("sample_id")
    for number in range(first, plan.steps):
        rate = learning_rate(recipe.optimizer, step=number, steps=plan.steps, warmup=warmup)
        set_rate(trainee.optimizer, rate)
        seed_step(recipe.run.seed, number, share_of(trainee.accelerator).rank)
        loss, norm, tokens = _one_step(trainee, batches, parts, recipe.optimizer.clip_norm)
        visited = hashlib.sha256("\n".join(ids[plan.step(number)]).encode()).hexdigest()
        yield Step(number + 1, loss, rate, norm, visited[:16], tokens)


def seed_step(seed: int, step: int, rank: int) -> None:
    """Dropout of a step depends on seed, step and process, on nothing that came before."""
    told = hashlib.blake2b(f"{seed}:{step}:{rank}".encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(told, "big") >> 1)


def _one_step(
    trainee: Trainee, batches: Iterator[Batch], parts: int, clip_norm: float | None
) -> tuple[float, float | None, int]:
    accelerator, model = trainee.accelerator, trainee.model
    total = torch.zeros((), device=accelerator.device)
    tokens = 0
    for part in range(parts):
        batch = on_device(next(batches), accelerator.device)
        tokens += batch.tokens
        with quiet(model, last=part == parts - 1):
            with autocast(accelerator):
                loss = weighted_loss(model, batch)
            # DDP and FSDP take the mean over processes, weights sum to 1 over all of them.
            (loss * accelerator.num_processes).backward()
        total += loss.detach().float()
    shown = summed(total, accelerator)
    norm = _clipped(model, clip_norm)
    _check_finite(shown, norm)
    trainee.optimizer.step()
    trainee.optimizer.zero_grad(set_to_none=True)
    return shown, norm, tokens


def weighted_loss(model: Any, batch: Batch) -> Tensor:
    """Sum over wanted tokens of weight times cross entropy. The logits are those of the wanted
    tokens only, in the order of the rows."""
    labels = batch.inputs["labels"]
    logits = model(**batch.inputs, use_cache=False).logits
    wanted = labels[labels >= 0]
    nll = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="none")
    return (nll * batch.weights).sum()


def on_device(batch: Batch, device: torch.device) -> Batch:
    inputs = {name: value.to(device, non_blocking=True) for name, value in batch.inputs.items()}
    return Batch(inputs, batch.weights.to(device, non_blocking=True), batch.tokens)


def _clipped(model: Any, clip_norm: float | None) -> float | None:
    if clip_norm is None:
        return None
    trained = [p for p in model.parameters() if p.grad is not None]
    norm = torch.nn.utils.clip_grad_norm_(trained, clip_norm)
    whole = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
    return float(whole)


def _check_finite(loss: float, norm: float | None) -> None:
    if not math.isfinite(loss) or (norm is not None and not math.isfinite(norm)):
        raise SetupError(
            f"the loss is {loss}, the norm of its gradient {norm}: the weights were left as they "
            "were before this step; lower optimizer.lr, or look for features that are not finite"
        )


@torch.no_grad()
def validate(trainee: Trainee, prepared: Prepared) -> float:
    """Mean over the validation samples of the mean loss of their answers."""
    recipe = prepared.recipe
    reader = ValidationReader(
        prepared.validation,
        prepared.collate,
        share_of(trainee.accelerator),
        at_once=recipe.device.at_once,
    )
    total = torch.zeros((), device=trainee.accelerator.device)
    trainee.model.eval()
    for batch in loader(reader, workers=recipe.device.workers):
        with autocast(trainee.accelerator):
            moved = on_device(batch, trainee.accelerator.device)
            total += weighted_loss(trainee.model, moved).float()
    trainee.model.train()
    return summed(total, trainee.accelerator)
