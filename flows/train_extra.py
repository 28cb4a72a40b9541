"""The extra `train`: torch, transformers and what else the trainer needs."""

from importlib.util import find_spec
from typing import Final

from schemas.errors import SetupError

_NEEDED: Final = ("torch", "transformers", "peft", "accelerate", "safetensors")


def need_train_extra(command: str) -> None:
    """SetupError where a package of the extra is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SetupError(
            f"{command}: needs the extra `train`, of which {', '.join(missing)} is missing here: "
            "pip install 'merr[train]' (in a clone: pip install -e '.[train]'; 3 GB with torch for "
            "CUDA, 1 GB with torch for CPUs)"
        )
