"""Arithmetic of a training step: floating point operations that the model needs, and memory.

Counted for utilisation (MFU): forward, and backward through activations; weight gradients only of
what is trained. Not counted: weight gradients of frozen weights, what checkpointing computes again,
padding, softmax and norms. With a frozen base that is about 4, not 6, times parameters and tokens.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM

from trainer.config import EmotionLlamaConfig
from trainer.lora import TARGETS
from trainer.recipe import ModelRecipe


@dataclass(frozen=True)
class Shape:
    """Sizes that decide arithmetic and memory; parameters are counted one by one."""

    linear: int  # parameters of the decoder's matrices
    head: int  # of the output layer
    embedding: int
    layers: int
    width: int
    lora: int  # 0 where the whole model is trained
    projectors: int  # parameters that one utterance token passes, all slots together
    grid_projector: int  # parameters that every patch token passes
    grid_tokens: int
    trains_all: bool

    @property
    def base(self) -> int:
        return self.linear + self.head + self.embedding

    @property
    def trained(self) -> int:
        own = self.lora + self.projectors + self.grid_projector
        return own + (self.base if self.trains_all else 0)


def shape_of(config: EmotionLlamaConfig, recipe: ModelRecipe) -> Shape:
    """Of a model that is not there: its layers are made without weights (device meta)."""
    with torch.device("meta"):
        llm = AutoModelForCausalLM.from_config(config.text_config)
    head = llm.get_output_embeddings()
    layers = [m for m in llm.modules() if isinstance(m, nn.Linear) and m is not head]
    text: Any = config.text_config
    widths = {m: (config.width(m) + 1) * config.hidden_size for m in config.markers}
    grid = widths.pop("grid", 0)
    return Shape(
        linear=sum(layer.weight.numel() for layer in layers),
        head=head.weight.numel(),
        embedding=llm.get_input_embeddings().weight.numel(),
        layers=text.num_hidden_layers,
        width=text.hidden_size,
        lora=_lora(llm, recipe) if recipe.adapter == "lora" else 0,
        projectors=sum(widths.values()),
        grid_projector=grid,
        grid_tokens=config.grid_tokens if grid else 0,
        trains_all=recipe.adapter == "full",
    )


def _lora(llm: nn.Module, recipe: ModelRecipe) -> int:
    sizes = (
        module.in_features + module.out_features
        for name, module in llm.named_modules()
        if name.rpartition(".")[2] in TARGETS
    )
    return int(recipe.rank * sum(sizes))


def visit_flops(
    shape: Shape, *, tokens: float, answer: float, squared: float | None = None
) -> float:
    """Of one visit with `tokens` tokens, `answer` of them wanted. `squared`: mean of the squared
    lengths, where the visits differ."""
    attention = shape.layers * 2 * (squared or tokens**2) * shape.width  # causal: half of 4 T^2 d
    forward = 2 * shape.linear * tokens + 2 * shape.head * answer
    weights = 2 if shape.trains_all else 0  # gradients of the base's weights
    base = 2 * forward + weights * (shape.linear * tokens + shape.head * answer) + 3 * attention
    projected = shape.projectors + shape.grid_projector * shape.grid_tokens
    return base + 6 * shape.lora * tokens + 4 * projected


def eva_flops(eva: Any) -> float:
    """Of EVA's forward over one picture; nothing goes back through it."""
    tokens = (eva.image_size // eva.patch_size) ** 2 + 1
    width, layers = eva.hidden_size, eva.num_hidden_layers
    return float(2 * eva_weights(eva) * tokens + layers * 4 * tokens**2 * width)


def eva_weights(eva: Any) -> int:
    """Parameters of its matrices."""
    own = 4 * eva.hidden_size**2 + 2 * eva.hidden_size * eva.intermediate_size
    return int(eva.num_hidden_layers * own)


@dataclass(frozen=True)
class Memory:
    """Bytes on one device, estimated."""

    weights: float
    trained: float  # weights, gradients and the two moments of what is trained, float32
    activations: float

    @property
    def total(self) -> float:
        return self.weights + self.trained + self.activations


# Bytes per token, layer and unit of width that a decoder layer keeps for its backward pass in 16
# bits, flash-like attention: 34 (Korthikanti et al. 2022, without the part of the scores); with
# checkpointing its input alone, and one layer at a time in full.
_KEPT, _INPUT = 34, 2


def memory_of(
    shape: Shape,
    *,
    tokens_at_once: float,
    checkpointing: bool,
    weight_bytes: int,
    processes: int,
    beside: int = 0,
) -> Memory:
    """`processes`: over how many the weights are spread (FSDP); 1 otherwise. `beside`: frozen
    parameters that are not the language model's."""
    full = tokens_at_once * shape.width * _KEPT
    kept = tokens_at_once * shape.width * _INPUT * shape.layers + full
    activations = kept if checkpointing else full * shape.layers
    frozen = beside + (0 if shape.trains_all else shape.base)
    return Memory(
        weights=frozen * weight_bytes / processes,
        trained=shape.trained * 16 / processes,
        activations=activations * weight_bytes / 2,
    )
