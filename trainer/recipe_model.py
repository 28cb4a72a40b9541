"""The language model of a recipe: tokenizer and configuration first, weights when needed."""

from pathlib import Path
from typing import Any, Final

import torch

from trainer.data import Samples
from trainer.language_model import load_llm, load_llm_config, load_tokenizer
from trainer.recipe import Recipe
from trainer.tiny import NAME, make_llm, make_tokenizer, tiny_config

DTYPES: Final = {"bf16": torch.bfloat16, "fp32": torch.float32}


def tokenizer_of(llm: str, samples: Samples, kept: Path) -> Any:
    """`kept`: where the run keeps its tokenizer; the tiny one is made once, out of all texts of the
    release, and read from there afterwards."""
    if (kept / "tokenizer_config.json").exists():
        return load_tokenizer(str(kept))
    if llm != NAME:
        return load_tokenizer(llm)
    columns = (samples.column(name) for name in ("instruction", "target"))
    return make_tokenizer(str(text) for column in columns for text in column)


def llm_config_of(llm: str, tokenizer: Any) -> Any:
    return tiny_config(tokenizer) if llm == NAME else load_llm_config(llm)


def llm_of(recipe: Recipe, tokenizer: Any) -> Any:
    """With its weights, in the precision of the recipe; float32 where all of it is trained."""
    attention = recipe.device.attention
    if recipe.model.llm == NAME:
        return make_llm(tiny_config(tokenizer), seed=recipe.run.seed, attention=attention)
    full = recipe.model.adapter == "full"
    dtype = DTYPES["fp32" if full else recipe.device.precision]
    return load_llm(recipe.model.llm, dtype=dtype, attention=attention)
