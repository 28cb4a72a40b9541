"""Checkpoints: LoRA and projectors, our configuration, the tokenizer. Never the base model."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file, save_file

from schemas.errors import SetupError
from trainer.config import EmotionLlamaConfig
from trainer.language_model import load_llm, load_tokenizer
from trainer.model import EmotionLlama
from trainer.vision import load_vision

WEIGHTS: Final = "adapter_model.safetensors"
ADAPTER: Final = "adapter_config.json"
# What must be the same in the base model that a checkpoint is put on.
_SHAPE: Final = ("model_type", "hidden_size", "num_hidden_layers", "vocab_size")


def save_checkpoint(
    model: PeftModel, tokenizer: Any, folder: Path, *, state: dict[str, Any] | None = None
) -> None:
    """Write what was trained. `state`: the whole state where it is gathered from many processes."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = get_peft_model_state_dict(model, state_dict=state, save_embedding_layers=False)
    write_checkpoint(
        folder,
        tensors=tensors,
        adapter=model.peft_config["default"],
        config=model.get_base_model().config,
    )
    tokenizer.save_pretrained(folder)


def write_checkpoint(
    folder: Path, *, tensors: dict[str, Any], adapter: Any, config: EmotionLlamaConfig
) -> None:
    """The files of a checkpoint but for the tokenizer's."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    save_file(found, folder / WEIGHTS, metadata={"format": "pt"})
    adapter = deepcopy(adapter)
    adapter.inference_mode = True  # how it is opened unless asked otherwise
    adapter.save_pretrained(folder)
    config.save_pretrained(folder)


def load_checkpoint(
    folder: Path,
    *,
    llm: Any = None,
    vision: Any = None,
    dtype: torch.dtype = torch.bfloat16,
    attention: str = "sdpa",
    trainable: bool = False,
) -> PeftModel:
    """A checkpoint on its base model, which is loaded by the name that the checkpoint has for it
    (a hub id, or a folder, seen from the checkpoint's) unless one is given."""
    config = _config_of(folder)
    base = llm or load_llm(
        place_of(config.llm_name, folder),
        revision=config.llm_revision,
        dtype=dtype,
        attention=attention,
    )
    _check_base(config, base, folder)
    if vision is None and config.vision_config is not None:
        side_px = config.vision_config.image_size
        vision = load_vision(place_of(config.vision_name, folder), side_px=side_px, dtype=dtype)
    model = EmotionLlama.from_parts(config, base, vision)
    return _adapted(model, folder, trainable=trainable)


def load_model(
    folder: Path, *, dtype: torch.dtype = torch.bfloat16, attention: str = "sdpa"
) -> tuple[Any, Any]:
    """(model, tokenizer) to answer with: a checkpoint, or what `merr merge-checkpoint` wrote."""
    tokenizer = load_tokenizer(str(folder))
    if (folder / ADAPTER).is_file():
        return load_checkpoint(folder, dtype=dtype, attention=attention).eval(), tokenizer
    _config_of(folder)
    model, told = EmotionLlama.from_pretrained(
        folder, dtype=dtype, attn_implementation=attention, output_loading_info=True
    )
    missing = sorted(told["missing_keys"])
    if missing:
        raise SetupError(f"{folder}: {len(missing)} tensors are missing, first {missing[0]}")
    return model.eval(), tokenizer


def place_of(name: str | None, folder: Path) -> str:
    """A part by its name in a checkpoint: a folder seen from the checkpoint's, else as it is."""
    if name is None:
        raise SetupError(f"{folder}: names no base model; give one")
    near = folder / name
    return str(near.resolve()) if near.is_dir() else name


def _config_of(folder: Path) -> EmotionLlamaConfig:
    path = folder / "config.json"
    if not path.is_file():
        raise SetupError(f"{folder}: has no config.json, so it is no checkpoint of merr")
    found = EmotionLlamaConfig.get_config_dict(folder)[0].get("model_type")
    if found != EmotionLlamaConfig.model_type:
        raise SetupError(
            f"{path}: is of a {found}, not of an {EmotionLlamaConfig.model_type}; a checkpoint of "
            "the original goes through `merr convert-checkpoint` first"
        )
    config: EmotionLlamaConfig = EmotionLlamaConfig.from_pretrained(folder)
    return config


def _check_base(config: EmotionLlamaConfig, llm: Any, folder: Path) -> None:
    wanted = [getattr(config.text_config, name) for name in _SHAPE]
    found = [getattr(llm.config, name) for name in _SHAPE]
    if wanted != found:
        raise SetupError(
            f"{folder}: was trained on a base model with {', '.join(_SHAPE)} = {wanted}, the one "
            f"given has {found}"
        )


def _adapted(model: EmotionLlama, folder: Path, *, trainable: bool) -> PeftModel:
    """peft's from_pretrained starts LoRA that a file lacks at random, with a warning at most; here
    names are compared first."""
    adapter = LoraConfig.from_pretrained(str(folder))
    adapter.inference_mode = not trainable
    adapted = PeftModel(model, adapter)
    tensors = load_file(folder / WEIGHTS)
    wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    if set(tensors) != wanted:
        raise SetupError(
            f"{folder / WEIGHTS}: missing {sorted(wanted - set(tensors))[:3]}, unknown "
            f"{sorted(set(tensors) - wanted)[:3]}; it was written for another configuration"
        )
    set_peft_model_state_dict(adapted, tensors)
    return adapted
