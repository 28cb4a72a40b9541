"""A training run from its request to the model folder; killed and started again, it goes on."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator
from transformers.utils.logging import disable_progress_bar

from schemas.errors import SetupError
from trainer.card import card_text
from trainer.distributed import open_processes
from trainer.export import export_model
from trainer.folder import is_complete
from trainer.log import truncate_log
from trainer.loop import Step, steps, validate
from trainer.prepare import Prepared, prepare
from trainer.recipe import Recipe
from trainer.record import Recorder
from trainer.run_checkpoint import (
    Progress,
    checkpoint_path,
    checkpoints,
    chosen_step,
    read_progress,
    tidy_checkpoints,
)
from trainer.run_folder import (
    RunFolder,
    RunRecord,
    code_digest,
    environment,
    is_begun,
    open_run,
    recipe_digest,
    write_card,
)
from trainer.run_lock import run_lock
from trainer.trainee import Trainee, make_trainee, save_trainee

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    release: Path
    recipe: Recipe
    out: Path
    cache: Path
    grid: Path | None = None


def train(request: Request, say: Say) -> Progress:
    """Train to the end, or go on from the newest complete checkpoint. Every process calls it; only
    process 0 writes and speaks."""
    disable_progress_bar()
    accelerator = open_processes(request.recipe.device)
    tell = say if accelerator.is_main_process else _say_nothing
    run = RunFolder(request.out)
    with accelerator.main_process_first():
        prepared = prepare(
            request.release,
            request.recipe,
            cache=request.cache,
            tokenizer=run.tokenizer if is_begun(run) else None,
            grid=request.grid,
        )
    check_processes(request.recipe, accelerator.num_processes)
    with run_lock(run.root) if accelerator.is_main_process else nullcontext():
        return _go_on(run, request, prepared, accelerator, tell)


def _go_on(
    run: RunFolder, request: Request, prepared: Prepared, accelerator: Accelerator, tell: Say
) -> Progress:
    """From the first step, or from where the folder says."""
    progress, checkpoint = _start(run, request, prepared, accelerator)
    if progress.done and is_complete(run.model):
        tell(f"nothing to do: {run.root} holds a run that came to its end")
        return progress
    if not progress.done:
        tell(_opening(prepared, progress))
        trainee = make_trainee(prepared, accelerator, checkpoint)
        with Recorder(run, prepared.recipe, accelerator, progress.step) as recorder:
            progress = _run(trainee, prepared, run, progress, recorder, tell)
    _finish(run, prepared, progress, accelerator)
    tell(f"{run.model}: the model; {run.card}: what it is")
    return progress


def check_processes(recipe: Recipe, processes: int) -> None:
    if recipe.run.per_step % processes:
        raise SetupError(
            f"run.per_step = {recipe.run.per_step} visits cannot be shared evenly by {processes} "
            f"processes: give a multiple, e.g. --set run.per_step={recipe.run.per_step * processes}"
        )


def _say_nothing(_: str) -> None:
    pass


def _start(
    run: RunFolder, request: Request, prepared: Prepared, accelerator: Accelerator
) -> tuple[Progress, Path | None]:
    """Open the folder; progress and checkpoint to go on from."""
    found = checkpoints(run.checkpoints)[-1:]
    fresh = Progress(step=0, world_size=accelerator.num_processes, plan=prepared.plan.digest)
    progress = read_progress(found[0]) if found else fresh
    if progress.world_size != accelerator.num_processes:
        raise SetupError(
            f"{run.root}: was begun with {progress.world_size} processes and would go on with "
            f"{accelerator.num_processes}: order and losses would be others; launch "
            f"{progress.world_size}, or begin a new run with --out"
        )
    if accelerator.is_main_process:
        open_run(run, _record(request, prepared, accelerator, progress), request.recipe)
        prepared.tokenizer.save_pretrained(run.tokenizer)
        tidy_checkpoints(run.checkpoints)
        if not progress.done:
            truncate_log(run.root, progress.step)
    accelerator.wait_for_everyone()
    return progress, found[0] if found else None


def _record(
    request: Request, prepared: Prepared, accelerator: Accelerator, progress: Progress
) -> RunRecord:
    return RunRecord(
        release=str(request.release),
        release_name=prepared.release.title,
        release_digest=prepared.release.manifest.digest,
        recipe=recipe_digest(request.recipe),
        code=code_digest(),
        seed=request.recipe.run.seed,
        plan=prepared.plan.digest,
        steps=prepared.plan.steps,
        grid=None if request.grid is None else str(request.grid),
        sessions=(environment(processes=accelerator.num_processes, first_step=progress.step),),
    )


def _opening(prepared: Prepared, progress: Progress) -> str:
    told = (
        f"{prepared.recipe.name}: {prepared.plan.steps} steps of {prepared.plan.per_step} visits, "
        f"{len(prepared.validation)} samples to validate with; features: {prepared.coverage_text}"
    )
    return f"{told}; going on from step {progress.step}" if progress.step else told


def _run(
    trainee: Trainee,
    prepared: Prepared,
    run: RunFolder,
    progress: Progress,
    recorder: Recorder,
    say: Say,
) -> Progress:
    recipe, last = prepared.recipe.run, prepared.plan.steps
    for step in steps(trainee, prepared, progress.step):
        recorder.step(step)
        progress = progress.model_copy(update={"step": step.number})
        at_end = step.number == last
        if len(prepared.validation) and (step.number % recipe.validate_every == 0 or at_end):
            progress = _validated(trainee, prepared, progress, recorder)
            at_end = at_end or 0 < recipe.patience <= progress.without_gain
        progress = progress.model_copy(update={"done": at_end})
        new_best = progress.best_step == step.number
        if at_end or new_best or step.number % recipe.save_every == 0:
            save_trainee(trainee, run.checkpoints, progress, keep=recipe.keep)
            say(_told(step, progress, last))
        if at_end:
            break
    return progress


def _validated(
    trainee: Trainee, prepared: Prepared, progress: Progress, recorder: Recorder
) -> Progress:
    """Early stopping looks at the validation split, never at test."""
    loss = validate(trainee, prepared)
    recorder.validation(progress.step, loss)
    if progress.best_loss is None or loss < progress.best_loss:
        update = {"best_loss": loss, "best_step": progress.step, "without_gain": 0}
    else:
        update = {"without_gain": progress.without_gain + 1}
    return progress.model_copy(update=update)


def _told(step: Step, progress: Progress, last: int) -> str:
    best = "" if progress.best_loss is None else f", best validation {progress.best_loss:.4f}"
    return f"step {step.number}/{last}: loss {step.loss:.4f}{best}; saved"


def _finish(
    run: RunFolder, prepared: Prepared, progress: Progress, accelerator: Accelerator
) -> None:
    if accelerator.is_main_process:
        chosen = chosen_step(progress, prepared.recipe.run.choose)
        export_model(run, checkpoint_path(run.checkpoints, chosen), prepared)
        write_card(run, card_text(run, prepared, progress))
    accelerator.wait_for_everyone()
