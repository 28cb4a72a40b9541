"""LoRA by peft around our model: what trains, and only that, is what a checkpoint holds."""

import re
from typing import Any, Final

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from schemas.errors import SetupError
from trainer.model import EmotionLlama

# The original's (minigpt_v2.py): query and value of every layer, scaling 16 / 64 = 0.25.
RANK: Final = 64
ALPHA: Final = 16
DROPOUT: Final = 0.05
TARGETS: Final = ("q_proj", "v_proj")


def with_lora(
    model: EmotionLlama,
    r: int = RANK,
    alpha: int = ALPHA,
    dropout: float = DROPOUT,
    targets: tuple[str, ...] = TARGETS,
) -> PeftModel:
    """Freeze everything but the projectors, and put LoRA beside `targets` of the language model.

    Targets are a regex on the language model's prefix: a plain name would also hit encoders.
    LoRA is float32 over a base in bfloat16. SetupError where no layer has such a name.
    """
    config = lora_config(r, alpha, dropout, targets)
    _check_targets(model, config.target_modules, targets)
    return get_peft_model(model, config)


def lora_config(
    r: int, alpha: int, dropout: float = DROPOUT, targets: tuple[str, ...] = TARGETS
) -> LoraConfig:
    return LoraConfig(
        r=r,
        lora_alpha=alpha,
        lora_dropout=dropout,
        bias="none",
        target_modules=rf"llm\..*\.(?:{'|'.join(map(re.escape, targets))})",
        modules_to_save=["projectors"],
    )


def _check_targets(model: EmotionLlama, pattern: str, targets: tuple[str, ...]) -> None:
    layers: dict[str, Any] = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    if any(re.fullmatch(pattern, name) for name in layers):
        return
    names = sorted({name.rpartition(".")[2] for name in layers if name.startswith("llm.")})
    raise SetupError(
        f"{model.config.text_config.model_type} has no Linear layer called {' or '.join(targets)}; "
        f"choose LoRA's targets of {', '.join(names)}"
    )
