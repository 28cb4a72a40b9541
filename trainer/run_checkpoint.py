"""Checkpoints of a run: whole or not there, the newest whole one counts, kept by number."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from schemas.errors import SetupError
from schemas.units import Row
from trainer.folder import atomic_folder, clear_unfinished, is_complete

STATE: Final = "state.json"
MODEL: Final = "model"  # folder inside a checkpoint
_NAME: Final = re.compile(r"step-(\d{8})")


class Progress(Row):
    """How far a run is. Order, learning rate and random numbers follow from the step alone."""

    step: int  # steps done
    world_size: int
    plan: str  # digest of the order of visits
    best_loss: float | None = None  # on the validation split
    best_step: int | None = None
    without_gain: int = 0  # validations since the best one
    done: bool = False


def chosen_step(progress: Progress, choose: Literal["best", "last"]) -> int:
    """The step whose checkpoint becomes the model; the last one where nothing was validated."""
    if choose == "last" or progress.best_step is None:
        return progress.step
    return progress.best_step


def checkpoint_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}"


def checkpoints(folder: Path) -> list[Path]:
    """Complete ones, oldest first. What a kill left half written is not among them."""
    found = (path for path in folder.glob("step-*") if _NAME.fullmatch(path.name))
    return sorted(path for path in found if is_complete(path))


def save_checkpoint(
    folder: Path, progress: Progress, *, write: Callable[[Path], None], keep: int
) -> Path:
    """Write state and what `write` puts into the folder, show it in one rename, then take away
    the older ones but for `keep` and the best."""
    path = checkpoint_path(folder, progress.step)
    with atomic_folder(path) as unfinished:
        write(unfinished)
        (unfinished / STATE).write_text(progress.model_dump_json(indent=2) + "\n", "utf-8")
    _forget(folder, keep=keep, best=progress.best_step)
    return path


def _forget(folder: Path, *, keep: int, best: int | None) -> None:
    for old in checkpoints(folder)[:-keep]:
        if best is None or old != checkpoint_path(folder, best):
            (old / "complete").unlink()  # from here on it does not count, however far this comes
            shutil.rmtree(old)


def tidy_checkpoints(folder: Path) -> None:
    """Takes away what is not complete. Only where no other process writes."""
    clear_unfinished(folder)
    for path in folder.glob("step-*"):
        if not is_complete(path):
            shutil.rmtree(path)


def read_progress(checkpoint: Path) -> Progress:
    try:
        return Progress.model_validate_json((checkpoint / STATE).read_bytes())
    except (OSError, ValidationError) as e:
        raise SetupError(
            f"{checkpoint}: is damaged ({str(e).splitlines()[0]}); remove it, and the run goes on "
            "from the checkpoint before"
        ) from e
