"""The folder of a run: what it was made of, so that it can be repeated, and what it gave."""

import hashlib
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Final

import torch
from pydantic import ValidationError

from schemas.errors import SetupError
from schemas.parquet import atomic_path
from schemas.units import Row
from trainer.recipe import Recipe
from trainer.recipe_file import load_recipe, recipe_toml
from trainer.run_checkpoint import checkpoints
from trainer.run_lock import LOCK

_PACKAGES: Final = (
    "merr",
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "safetensors",
    "tokenizers",
    "numpy",
    "pyarrow",
)


class Environment(Row):
    """Where a run, or a part of it, was done."""

    started: str  # UTC, ISO 8601
    first_step: int  # steps that were done before
    python: str
    platform: str
    packages: dict[str, str]
    devices: tuple[str, ...]  # names of the GPUs of process 0; none: CPU
    processes: int
    threads: int
    code: str | None = None  # sha256 of the trainer's sources then, 16 hex digits


class RunRecord(Row):
    """`run.json`: what decides a run."""

    release: str  # the folder, as it was given
    release_name: str  # NAME X.Y.Z
    release_digest: str
    recipe: str  # sha256 of recipe.toml
    code: str  # sha256 of the trainer's sources at the first start, 16 hex digits
    seed: int
    plan: str  # digest of the order of visits
    steps: int
    grid: str | None  # folder of the patch grids, as it was given
    sessions: tuple[Environment, ...]  # one per start


@dataclass(frozen=True)
class RunFolder:
    root: Path

    @property
    def record(self) -> Path:
        return self.root / "run.json"

    @property
    def recipe(self) -> Path:
        return self.root / "recipe.toml"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def tokenizer(self) -> Path:
        return self.root / "tokenizer"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def card(self) -> Path:
        return self.root / "README.md"


def read_record(run: RunFolder) -> RunRecord:
    try:
        return RunRecord.model_validate_json(run.record.read_bytes())
    except FileNotFoundError:
        raise SetupError(f"{run.root}: is not the folder of a run: it has no run.json") from None
    except ValidationError as e:
        raise SetupError(f"{run.record}: is damaged: {str(e).splitlines()[0]}") from e


def read_recipe(run: RunFolder) -> Recipe:
    read_record(run)
    return load_recipe(str(run.recipe))


def is_begun(run: RunFolder) -> bool:
    """Whether there is something to go on from. A run that ended before its first checkpoint left
    nothing, and does not stand in the way of another recipe."""
    return run.model.exists() or bool(checkpoints(run.checkpoints))


def open_run(run: RunFolder, record: RunRecord, recipe: Recipe) -> RunRecord:
    """Begin a run in a new folder, or go on in its own. SetupError where the folder holds a run
    of another recipe, release or order."""
    if run.record.exists():
        old = read_record(run)
        if is_begun(run):
            _check_same(run, old, record, recipe)
            record = old.model_copy(update={"sessions": (*old.sessions, *record.sessions)})
    elif run.root.exists() and any(path.name != LOCK for path in run.root.iterdir()):
        raise SetupError(f"--out {run.root}: is not empty and not a run; give another folder")
    run.checkpoints.mkdir(parents=True, exist_ok=True)
    _write(run.recipe, recipe_toml(recipe))
    _write(run.record, record.model_dump_json(indent=2) + "\n")
    return record


def _check_same(run: RunFolder, old: RunRecord, new: RunRecord, recipe: Recipe) -> None:
    differing = _differences(read_recipe(run), recipe)
    if old.release_digest != new.release_digest:
        differing.append(
            f"release: {old.release_name} ({old.release_digest[:12]}), now "
            f"{new.release_name} ({new.release_digest[:12]})"
        )
    if not differing and old.plan != new.plan:
        differing.append(f"order of visits: {old.plan}, now {new.plan}; the package changed")
    if differing:
        raise SetupError(
            f"--out {run.root}: holds another run ({'; '.join(differing)}); give another folder, "
            "or the same recipe to go on"
        )


def _differences(old: Recipe, new: Recipe) -> list[str]:
    before, after = _flat(old), _flat(new)
    return [
        f"{key} = {before.get(key)}, now {after.get(key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(recipe: Recipe) -> dict[str, object]:
    return {
        f"{section}.{key}" if isinstance(part, dict) else section: value
        for section, part in recipe.model_dump().items()
        for key, value in (part.items() if isinstance(part, dict) else [("", part)])
    }


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def write_card(run: RunFolder, text: str) -> None:
    _write(run.card, text)


def recipe_digest(recipe: Recipe) -> str:
    return hashlib.sha256(recipe_toml(recipe).encode()).hexdigest()


def code_digest() -> str:
    """Of the sources that decide a run."""
    told = hashlib.sha256()
    for package, names in (("trainer", ()), ("schemas", ("instruction.py", "features.py"))):
        for file in sorted(files(package).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py") and (not names or file.name in names):
                told.update(f"{package}/{file.name}\n".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def environment(*, processes: int, first_step: int) -> Environment:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Environment(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        first_step=first_step,
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        devices=tuple(torch.cuda.get_device_name(i) for i in range(gpus)),
        processes=processes,
        threads=torch.get_num_threads(),
        code=code_digest(),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
