"""The language model of a recipe: tokenizer and configuration first, weights when needed."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import torch

from trainer.data import Samples
from trainer.language_model import load_llm, load_llm_config, load_tokenizer
from trainer.recipe import Recipe
from trainer.tiny import NAME, make_llm, make_tokenizer, tiny_config
from trainer.vision import SIDE_PX, load_vision

PUBLISHED_PX: Final = 224  # of BLIP-2; its table of positions is interpolated to SIDE_PX
DTYPES: Final = {"bf16": torch.bfloat16, "fp32": torch.float32}


def tokenizer_of(llm: str, samples: Samples, kept: Path | None) -> Any:
    """`kept`: where the run keeps its tokenizer; the tiny one is made once, out of all texts of the
    release, and read from there afterwards."""
    if kept is not None and (kept / "tokenizer_config.json").exists():
        return load_tokenizer(str(kept))
    if llm != NAME:
        return load_tokenizer(llm)
    columns = (samples.column(name) for name in ("instruction", "target"))
    return make_tokenizer(str(text) for column in columns for text in column)


def llm_config_of(llm: str, tokenizer: Any) -> Any:
    return tiny_config(tokenizer) if llm == NAME else load_llm_config(llm)


def vision_config(eyes: str) -> Any:
    """Of EVA at the size that the original has, of a BLIP-2 or its vision model; no weights."""
    config = load_llm_config(eyes)
    config = deepcopy(getattr(config, "vision_config", config))
    if config.image_size == PUBLISHED_PX:
        config.image_size = SIDE_PX
    return config


def eyes_of_recipe(eyes: str, precision: str) -> Any:
    """EVA with its weights."""
    side_px = vision_config(eyes).image_size
    return load_vision(eyes, side_px=side_px, dtype=DTYPES[precision])


def llm_of(recipe: Recipe, tokenizer: Any) -> Any:
    """With its weights, in the precision of the recipe; float32 where all of it is trained."""
    attention = recipe.device.attention
    if recipe.model.llm == NAME:
        return make_llm(tiny_config(tokenizer), seed=recipe.run.seed, attention=attention)
    full = recipe.model.adapter == "full"
    dtype = DTYPES["fp32" if full else recipe.device.precision]
    return load_llm(recipe.model.llm, dtype=dtype, attention=attention)
