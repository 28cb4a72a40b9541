"""Files of the original: what they hold, by the names that its code gives."""

import pickle
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor

from schemas.errors import SetupError
from schemas.instruction import Marker
from trainer.lora import ALPHA

# minigpt_v2.py: Linear layers, and the order in which it stacks the three features.
PROJECTORS: Final[dict[str, Marker]] = {
    "llama_proj": "grid",
    "feats_llama_proj1": "face",
    "feats_llama_proj2": "motion",
    "feats_llama_proj3": "audio",
    "cls_tk_llama_proj": "image",
}
# peft 0.2 wrote lora_A.weight, its multi-adapter form lora_A.default.weight
_LORA: Final = re.compile(
    r"llama_model\.base_model\.model\.model\.layers\.(\d+)\.self_attn\.([qv])_proj\."
    r"lora_([AB])(?:\.default)?\.weight"
)
# Not weights of the model: a head that is never called, and buffers.
_IGNORED: Final = (
    re.compile(r"attention\..*"),
    re.compile(r"llama_model\..*\.rotary_emb\.inv_freq"),
    re.compile(r"visual_encoder\..*relative.*"),
    re.compile(r"llama_model\..*\.position_ids"),
)


@dataclass(frozen=True)
class Original:
    """Tensors of one or several files, under our names."""

    lora: dict[tuple[int, str, str], Tensor]  # (layer, "q" or "v", "A" or "B")
    projectors: dict[str, Tensor]  # "face.weight"
    ln_vision: dict[str, Tensor]  # "weight", "bias"; empty: in no file
    ln_vision_from: str | None
    ignored: tuple[str, ...]
    alpha: int


def read_original(files: list[Path]) -> Original:
    """Files in the order in which the original loads them; a later one wins, as there. SetupError
    for a name that nobody knows."""
    lora: dict[tuple[int, str, str], Tensor] = {}
    projectors: dict[str, Tensor] = {}
    norm: dict[str, Tensor] = {}
    norm_from, ignored, alpha = None, list[str](), ALPHA
    for path in files:
        state, options = load_tensors(path)
        alpha = options.get("lora_alpha", alpha)
        unknown = []
        for name, tensor in state.items():
            head, _, part = name.rpartition(".")
            if found := _LORA.fullmatch(name):
                lora[int(found[1]), found[2], found[3]] = tensor
            elif head in PROJECTORS and part in ("weight", "bias"):
                projectors[f"{PROJECTORS[head]}.{part}"] = tensor
            elif head == "ln_vision":
                norm[part], norm_from = tensor, path.name
            elif any(pattern.fullmatch(name) for pattern in _IGNORED):
                ignored.append(name)
            else:
                unknown.append(name)
        refuse_unknown(path, unknown)
    return Original(lora, projectors, norm, norm_from, tuple(ignored), alpha)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, the model's part of the configuration beside them) of a .pth or .safetensors. A
    pickle is read by torch's reader of plain data alone, which runs no code."""
    if not path.is_file():
        raise SetupError(f"{path}: there is no such file")
    if path.suffix == ".safetensors":
        return load_file(path), {}
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as e:
        raise SetupError(
            f"{path}: torch does not read it as plain data, and merr runs no code of a checkpoint: "
            f"{' '.join(str(e).split())[:300]}. If you trust the file, open it where it was made "
            "and save its tensors alone: torch.save(checkpoint['model'], 'tensors.pth')"
        ) from e
    state = found.get("model", found) if isinstance(found, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise SetupError(f"{path}: holds no table of tensors, neither itself nor under 'model'")
    options = found.get("config", {}) if "model" in found else {}
    return state, options.get("model", {}) if isinstance(options, dict) else {}


def refuse_unknown(path: Path, unknown: list[str]) -> None:
    if unknown:
        raise SetupError(
            f"{path}: {len(unknown)} tensors that nobody knows, first {sorted(unknown)[0]}; this "
            "is not a file of the original, or of another version of its code"
        )
