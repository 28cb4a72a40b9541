"""A checkpoint and its base model as one model that needs neither peft nor a base model."""

import shutil
from pathlib import Path
from typing import Any

import torch

from schemas.errors import SetupError
from trainer.checkpoint import load_checkpoint
from trainer.language_model import load_tokenizer
from trainer.model import EmotionLlama
from trainer.open_model import TRAINED_ON


def merged(model: Any) -> EmotionLlama:
    """LoRA added to the weights. In float32 the answers stay the same; in bfloat16 sums are rounded
    and an answer may flip. `model` is used up."""
    whole: EmotionLlama = model.merge_and_unload(safe_merge=True)
    whole.config.llm_name = whole.config.llm_revision = None  # its weights are inside now
    return whole


def merge_checkpoint(
    checkpoint: Path, to: Path, *, llm: Any = None, dtype: torch.dtype = torch.bfloat16
) -> Path:
    """Write what load_model() opens. SetupError: `to` is not empty."""
    if to.exists() and any(to.iterdir()):
        raise SetupError(f"{to}: is not empty; give a new folder")
    tokenizer = load_tokenizer(str(checkpoint))
    whole = merged(load_checkpoint(checkpoint, llm=llm, dtype=dtype))
    whole.save_pretrained(to)
    tokenizer.save_pretrained(to)
    if (checkpoint / TRAINED_ON).exists():  # a merged model has seen what its adapter has
        shutil.copyfile(checkpoint / TRAINED_ON, to / TRAINED_ON)
    return to
