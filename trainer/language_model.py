"""The language model of a recipe: tokenizer and configuration first, weights when needed."""

from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from schemas.errors import SetupError
from trainer.data import Samples
from trainer.recipe import Recipe
from trainer.tiny import NAME, make_llm, make_tokenizer, tiny_config

OPEN_LLM: Final = "Qwen/Qwen2.5-7B-Instruct"  # no gate; Apache-2.0
DTYPES: Final = {"bf16": torch.bfloat16, "fp32": torch.float32}


def load_tokenizer(llm: str, samples: Samples, kept: Path) -> Any:
    """`kept`: where the run keeps its tokenizer; the tiny one is made once, out of all texts of the
    release, and read from there afterwards."""
    if (kept / "tokenizer_config.json").exists():
        return AutoTokenizer.from_pretrained(kept)
    if llm == NAME:
        columns = (samples.column(name) for name in ("instruction", "target"))
        return make_tokenizer(str(text) for column in columns for text in column)
    try:
        return AutoTokenizer.from_pretrained(llm)
    except (OSError, ValueError) as e:
        raise _not_loaded(llm, e) from e


def load_llm_config(llm: str, tokenizer: Any) -> Any:
    if llm == NAME:
        return tiny_config(tokenizer)
    try:
        return AutoConfig.from_pretrained(llm)
    except (OSError, ValueError) as e:
        raise _not_loaded(llm, e) from e


def load_llm(recipe: Recipe, tokenizer: Any) -> Any:
    """With its weights, in the precision of the recipe; float32 where all of it is trained."""
    device = recipe.device
    if recipe.model.llm == NAME:
        config = tiny_config(tokenizer)
        return make_llm(config, seed=recipe.run.seed, attention=device.attention)
    full = recipe.model.adapter == "full"
    return load_base(recipe.model.llm, "fp32" if full else device.precision, device.attention)


def load_base(llm: str, precision: str, attention: str = "sdpa") -> Any:
    """A causal language model with its weights, from the hub or a folder."""
    try:
        return AutoModelForCausalLM.from_pretrained(
            llm, dtype=DTYPES[precision], attn_implementation=attention
        )
    except (OSError, ValueError, ImportError) as e:
        raise _not_loaded(llm, e) from e


def _not_loaded(llm: str, why: Exception) -> SetupError:
    said = str(why).strip().splitlines()[0] if str(why).strip() else type(why).__name__
    if "gated" in str(why).lower() or "401" in str(why) or "403" in str(why):
        return SetupError(
            f"model.llm {llm}: is gated: its owner wants an account and a yes to the licence. Ask "
            "on the model's page, then log in with `hf auth login`; or take one without a gate: "
            f"--set model.llm={OPEN_LLM}"
        )
    return SetupError(
        f"model.llm {llm}: cannot be loaded ({said}); give a name on the hub that this machine "
        "can fetch, or a folder that holds the model"
    )
