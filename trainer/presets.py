"""Device settings for GPUs of 24, 48, 80 and 141 GB."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import torch

from schemas.errors import SetupError
from schemas.units import Row
from trainer.recipe import Recipe

AUTO: Final = "auto"
_TOLERANCE: Final = 0.9  # a card of "24 GB" shows 22 to 25


class Preset(Row):
    memory_gb: int
    card: str
    peak_tflops: float  # bf16, dense, data sheet
    at_once: int
    row_tokens: int
    checkpointing: bool


@cache
def presets() -> tuple[Preset, ...]:
    table = tomllib.loads((files("trainer") / "presets.toml").read_text("utf-8"))
    found = [Preset(memory_gb=int(gb), **told) for gb, told in table.items()]
    return tuple(sorted(found, key=lambda preset: preset.memory_gb))


def preset_of(name: str) -> Preset:
    """By memory in GB, or "auto": the largest that the GPU here holds. SetupError without one."""
    if name == AUTO:
        return _fitting()
    for preset in presets():
        if str(preset.memory_gb) == name:
            return preset
    raise SetupError(f"--preset {name}: there are {_names()} (GB of one GPU) and {AUTO}")


def _fitting() -> Preset:
    if not torch.cuda.is_available():
        raise SetupError(f"--preset {AUTO}: there is no GPU here; say which is meant: {_names()}")
    here = torch.cuda.get_device_properties(0).total_memory / 1e9
    fitting = [preset for preset in presets() if preset.memory_gb * _TOLERANCE <= here]
    if not fitting:
        raise SetupError(
            f"--preset {AUTO}: this GPU has {here:.0f} GB, the smallest preset is "
            f"{presets()[0].memory_gb} GB; take a smaller model.llm, and set [device] yourself"
        )
    return fitting[-1]


def with_preset(recipe: Recipe, name: str) -> Recipe:
    """The recipe with the preset's device settings; order and number of visits stay."""
    chosen = preset_of(name)
    update = {key: getattr(chosen, key) for key in ("at_once", "row_tokens", "checkpointing")}
    return recipe.model_copy(update={"device": recipe.device.model_copy(update=update)})


def _names() -> str:
    return ", ".join(str(preset.memory_gb) for preset in presets())
