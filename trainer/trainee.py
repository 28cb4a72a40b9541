"""A model in training: made, spread over the processes, and written down with its optimizer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import Accelerator
from torch import Tensor

from trainer.build_model import build_model, inner_model, save_weights
from trainer.distributed import (
    autocast,
    optimizer_state,
    plain_model,
    set_optimizer_state,
    spread,
    trained_weights,
)
from trainer.optimizer import make_optimizer
from trainer.packing_check import check_packing
from trainer.prepare import Prepared
from trainer.run_checkpoint import MODEL, Progress, save_checkpoint

OPTIMIZER: Final = "optimizer.pt"


@dataclass(frozen=True)
class Trainee:
    """A model on its device, spread over the processes, and what moves it."""

    model: Any
    optimizer: torch.optim.Optimizer
    accelerator: Accelerator
    tokenizer: Any  # saved beside its weights


def make_trainee(prepared: Prepared, accelerator: Accelerator, checkpoint: Path | None) -> Trainee:
    """Fresh, or as the checkpoint left it. SetupError for a language model that mixes packed
    samples where the recipe packs."""
    device = prepared.recipe.device
    model = build_model(prepared, checkpoint).to(accelerator.device)
    if device.row_tokens:
        with autocast(accelerator):
            check_packing(inner_model(model).llm)
    model = spread(model, accelerator, device.parallel)
    optimizer = make_optimizer(model, prepared.recipe.optimizer)
    if checkpoint is not None:
        state = torch.load(checkpoint / OPTIMIZER, map_location="cpu", weights_only=True)
        set_optimizer_state(model, optimizer, state)
    return Trainee(model, optimizer, accelerator, prepared.tokenizer)


def save_trainee(trainee: Trainee, folder: Path, progress: Progress, *, keep: int) -> None:
    """All processes gather, process 0 writes, all wait."""
    weights = trained_weights(trainee.model)
    state = optimizer_state(trainee.model, trainee.optimizer)
    if trainee.accelerator.is_main_process:
        model, tokenizer = plain_model(trainee.model), trainee.tokenizer
        save_checkpoint(
            folder,
            progress,
            write=lambda unfinished: _write(unfinished, model, tokenizer, weights, state),
            keep=keep,
        )
    trainee.accelerator.wait_for_everyone()


def _write(
    folder: Path, model: Any, tokenizer: Any, weights: dict[str, Tensor], state: dict[str, Any]
) -> None:
    save_weights(model, tokenizer, weights, folder / MODEL)
    torch.save(state, folder / OPTIMIZER)
