"""Writes down how a run goes: JSON lines always, TensorBoard and W&B where the recipe says so."""

import time
from importlib.metadata import distributions
from types import TracebackType
from typing import Any, Self

from accelerate import Accelerator

from schemas.errors import SetupError
from trainer.log import Value, append_line
from trainer.loop import Step
from trainer.recipe import Recipe
from trainer.run_folder import RunFolder


class Recorder:
    """On process 0; on all others it does nothing."""

    def __init__(
        self, run: RunFolder, recipe: Recipe, accelerator: Accelerator, first_step: int
    ) -> None:
        self.run = run
        self.main = accelerator.is_main_process
        self.board: Any = None
        self.wandb: Any = None
        self.since = time.perf_counter()
        if self.main and recipe.run.tensorboard:
            self.board = _board(run, first_step)
        if self.main and recipe.run.wandb:
            self.wandb = _wandb(run, recipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.board:
            self.board.close()
        if self.wandb:
            self.wandb.finish()

    def step(self, step: Step) -> None:
        if not self.main:
            return
        now = time.perf_counter()
        told = {"loss": step.loss, "lr": step.rate}
        if step.gradient_norm is not None:
            told["gradient_norm"] = step.gradient_norm
        seconds = round(now - self.since, 4)
        line: dict[str, Value] = {"step": step.number, **told}
        line |= {"samples": step.samples, "tokens": step.tokens, "seconds": seconds}
        append_line(self.run.root, line)
        self._chart(step.number, told)
        self.since = now

    def validation(self, step: int, loss: float) -> None:
        if self.main:
            append_line(self.run.root, {"step": step, "validation_loss": loss})
            self._chart(step, {"validation_loss": loss})

    def _chart(self, step: int, told: dict[str, float]) -> None:
        for name, value in told.items():
            if self.board:
                self.board.add_scalar(name, value, step)
        if self.wandb:
            self.wandb.log(told, step=step)


def _board(run: RunFolder, first_step: int) -> Any:
    """What was charted after the checkpoint is taken back."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(run.root / "tensorboard"), purge_step=first_step + 1)


def _wandb(run: RunFolder, recipe: Recipe) -> Any:
    if not any(found.name == "wandb" for found in distributions()):
        raise SetupError("run.wandb: wandb is not installed; `pip install wandb`, or leave it out")
    import wandb  # type: ignore[import-not-found,unused-ignore]

    return wandb.init(dir=str(run.root), name=run.root.name, config=recipe.model_dump())
