"""EVA ViT-g/14 under the original's names (eva_vit.py), as a Blip2VisionModel."""

import re
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from transformers import Blip2VisionConfig, Blip2VisionModel

from schemas.errors import SetupError
from trainer.original import load_tensors, refuse_unknown
from trainer.vision import NORM_EPS, SIDE_PX, resize_positions

DEPTH: Final = 39  # eva_vit_g.pth has 40 blocks; the original builds 39 and loads not strictly
HEADS: Final = 16

_WHOLE: Final = {
    "cls_token": "embeddings.class_embedding",
    "pos_embed": "embeddings.position_embedding",
    "patch_embed.proj.weight": "embeddings.patch_embedding.weight",
    "patch_embed.proj.bias": "embeddings.patch_embedding.bias",
}
# Those whose shapes say how large the network is.
_SIZES: Final = (*_WHOLE.values(), "encoder.layers.0.mlp.fc1.bias")
_IN_BLOCK: Final = {
    "norm1": "layer_norm1",
    "norm2": "layer_norm2",
    "attn.qkv": "self_attn.qkv",
    "attn.proj": "self_attn.projection",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
# Of EVA's own heads and pretraining; the original's network has none of them.
_IGNORED: Final = re.compile(r"(?:norm|fc_norm|head|lm_head)\.(?:weight|bias)|mask_token")
_BLOCK: Final = re.compile(r"blocks\.(\d+)\.(.+)")
_BIAS: Final = re.compile(r"blocks\.\d+\.attn\.[qv]_bias")


def read_eva(
    path: Path,
    ln_vision: dict[str, Tensor],
    *,
    side_px: int = SIDE_PX,
    depth: int = DEPTH,
    heads: int = HEADS,
) -> tuple[Blip2VisionModel, tuple[str, ...]]:
    """(the network, names ignored). `ln_vision`: weight and bias, or empty for what the original's
    code then has, 1 and 0. SetupError for a tensor too many or too few."""
    if ln_vision.keys() not in (set(), {"weight", "bias"}):
        raise SetupError(f"ln_vision has {sorted(ln_vision)}, expected weight and bias, or neither")
    state, _ = load_tensors(path)
    ignored = [name for name in state if _unused(name, depth)]
    made, unknown = _renamed({n: t for n, t in state.items() if n not in ignored}, depth)
    refuse_unknown(path, unknown)
    absent = [name for name in _SIZES if name not in made]
    if absent:
        raise SetupError(f"{path}: {absent[0]} is missing, so this is not EVA")
    width = made["embeddings.class_embedding"].shape[-1]
    patch = made["embeddings.patch_embedding.weight"].shape[-1]
    kind = made["embeddings.position_embedding"].dtype
    made["embeddings.position_embedding"] = resize_positions(
        made["embeddings.position_embedding"], side_px // patch
    )
    made["post_layernorm.weight"] = ln_vision.get("weight", torch.ones(width)).to(kind)
    made["post_layernorm.bias"] = ln_vision.get("bias", torch.zeros(width)).to(kind)
    config = Blip2VisionConfig(
        hidden_size=width,
        intermediate_size=len(made["encoder.layers.0.mlp.fc1.bias"]),
        num_hidden_layers=depth,
        num_attention_heads=heads,
        image_size=side_px,
        patch_size=patch,
        qkv_bias=True,
    )
    return _filled(config, made, path), tuple(ignored)


def _unused(name: str, depth: int) -> bool:
    block = _BLOCK.fullmatch(name)
    return bool(_IGNORED.fullmatch(name)) or (block is not None and int(block[1]) == depth)


def _renamed(state: dict[str, Tensor], depth: int) -> tuple[dict[str, Tensor], list[str]]:
    """(tensors under the names of Blip2VisionModel, names that nobody knows)."""
    made: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in state.items():
        ours = _WHOLE.get(name) or _in_block(name, depth)
        if ours:
            made[ours] = tensor
        elif not _BIAS.fullmatch(name) or _number(name) >= depth:
            unknown.append(name)
    for block in range(depth):
        biases = [state.get(f"blocks.{block}.attn.{letter}_bias") for letter in "qv"]
        if biases[0] is not None and biases[1] is not None:
            # One bias for all three in Blip2VisionModel; EVA's keys have none.
            whole = torch.cat([biases[0], torch.zeros_like(biases[0]), biases[1]])
            made[f"encoder.layers.{block}.self_attn.qkv.bias"] = whole
    return made, unknown


def _in_block(name: str, depth: int) -> str | None:
    block = _BLOCK.fullmatch(name)
    if not block or int(block[1]) >= depth or block[2] == "attn.qkv.bias":
        return None
    inner, _, part = block[2].rpartition(".")
    if inner not in _IN_BLOCK or part not in ("weight", "bias"):
        return None
    return f"encoder.layers.{block[1]}.{_IN_BLOCK[inner]}.{part}"


def _number(name: str) -> int:
    return int(name.split(".")[1])


def _filled(config: Blip2VisionConfig, state: dict[str, Tensor], path: Path) -> Blip2VisionModel:
    with torch.device("meta"):  # a thousand million numbers need not be drawn first
        model = Blip2VisionModel(config)
    missing = sorted(set(model.state_dict()) - set(state))
    if missing:
        raise SetupError(f"{path}: {len(missing)} tensors are missing, first {missing[0]}")
    wrong = [n for n, p in model.state_dict().items() if p.shape != state[n].shape]
    if wrong:
        raise SetupError(
            f"{path}: {wrong[0]} is {tuple(state[wrong[0]].shape)}, expected "
            f"{tuple(model.state_dict()[wrong[0]].shape)}"
        )
    model.load_state_dict(state, assign=True)
    model.post_layernorm.eps = NORM_EPS
    return model.eval()
