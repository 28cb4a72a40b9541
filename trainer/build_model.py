"""The model of a run: language model, projectors, adapter, the weights it begins with."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor

from schemas.errors import SetupError
from trainer.checkpoint import WEIGHTS, save_checkpoint
from trainer.lora import with_lora
from trainer.model import EmotionLlama
from trainer.prepare import Prepared
from trainer.recipe_model import eyes_of_recipe, llm_of
from trainer.run_checkpoint import MODEL, checkpoints

WHOLE_FILE = "model.safetensors"


def build_model(prepared: Prepared, checkpoint: Path | None) -> Any:
    """With the weights of `checkpoint`, else of the run that the recipe starts from, else fresh.
    An EmotionLlama, or peft around one; both in training mode, on the CPU."""
    recipe = prepared.recipe
    llm = llm_of(recipe, prepared.tokenizer)
    torch.manual_seed(recipe.run.seed)  # what is fresh is drawn from here
    eyes = recipe.model.eyes
    seeing = eyes_of_recipe(eyes, recipe.device.precision) if eyes else None
    model: Any = EmotionLlama.from_parts(prepared.config, llm, seeing)
    if recipe.model.adapter == "lora":
        m = recipe.model
        model = with_lora(model, r=m.rank, alpha=m.alpha, dropout=m.dropout)
    if checkpoint is not None:
        load_weights(model, checkpoint / MODEL)
    elif recipe.model.start is not None:
        load_weights(model, start_folder(Path(recipe.model.start)))
    _apply_device(model, prepared)
    return model.train()


def start_folder(run: Path) -> Path:
    """The weights of a run: its model, or of its newest checkpoint, or the folder itself."""
    newest = [path / MODEL for path in checkpoints(run / "checkpoints")[-1:]]
    for folder in (run / MODEL, *newest, run):
        if any((folder / name).exists() for name in (WEIGHTS, WHOLE_FILE)):
            return folder
    raise SetupError(
        f"model.start {run}: holds no {WEIGHTS} and no {WHOLE_FILE}; give the folder of a run "
        "that ended"
    )


def save_weights(model: Any, tokenizer: Any, weights: dict[str, Tensor], folder: Path) -> None:
    """`weights`: names as in `model`, all of what is trained. With LoRA that is the adapter and the
    projectors, never the base."""
    if isinstance(model, PeftModel):
        save_checkpoint(model, tokenizer, folder, state=weights)
    else:
        model.save_pretrained(folder, state_dict=weights)
        tokenizer.save_pretrained(folder)


def load_weights(model: Any, folder: Path) -> None:
    """SetupError where names or shapes are not those of the model."""
    peft = isinstance(model, PeftModel)
    path = folder / (WEIGHTS if peft else WHOLE_FILE)
    if not path.exists():
        raise SetupError(f"{folder}: holds no {path.name}; was it trained with another adapter?")
    found = load_file(path)
    expected = get_peft_model_state_dict(model) if peft else model.state_dict()
    differing = {n for n in expected.keys() & found.keys() if expected[n].shape != found[n].shape}
    differing |= expected.keys() ^ found.keys()
    if differing:
        raise SetupError(
            f"{path}: does not fit this model: {len(differing)} weights are missing, unknown or of "
            f"another shape, e.g. {min(differing)}; train with the recipe and the features of that "
            "run"
        )
    if peft:
        set_peft_model_state_dict(model, found)
    else:
        model.load_state_dict(found)


def inner_model(model: Any) -> EmotionLlama:
    """The EmotionLlama inside of peft, or itself."""
    inner: EmotionLlama = model.get_base_model() if isinstance(model, PeftModel) else model
    return inner


def _apply_device(model: Any, prepared: Prepared) -> None:
    device = prepared.recipe.device
    llm = inner_model(model).llm
    if device.checkpointing:
        llm.activation_checkpointing_enable({"use_reentrant": False})
    if device.compile:
        llm.model.compile(dynamic=True)  # in place: names of weights stay as they are
