"""What the trainer needs beside merr, and what a conversion says."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schemas.errors import SetupError

if TYPE_CHECKING:
    from trainer.convert import Conversion

INSTALL_COMMAND: Final = "pip install -c constraints.txt -e '.[train]'"
_NEEDED: Final = ("torch", "transformers", "peft", "safetensors", "PIL")


def needs_trainer(needed: tuple[str, ...] = _NEEDED) -> None:
    """SetupError with the command that installs what is missing."""
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise SetupError(
            f"the trainer needs {', '.join(missing)}; run `{INSTALL_COMMAND}`. On a machine "
            "without a GPU, install torch's build for CPUs first: it is a tenth of the size"
        )


def converted_text(told: "Conversion", to: Path) -> str:
    lines = [
        f"{told.lora_tensors} LoRA tensors (scaling {told.lora_scaling:g}), "
        f"{len(told.projectors)} of projectors, on {told.llm}",
        f"{len(told.ignored)} tensors ignored by name: they are listed in {to / 'conversion.json'}",
    ]
    if told.fresh:
        lines.append(f"in none of the files, so random: {', '.join(told.fresh)}")
    if told.ln_vision is not None:
        lines.append(f"EVA: {told.eva_blocks} blocks in {to / 'vision'}")
        lines.append(f"EVA's last norm (ln_vision): {told.ln_vision}")
    return "\n".join([*lines, f"wrote {to}"])
