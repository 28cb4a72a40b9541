"""The original's network in plain operations, under the original's key names, with tiny widths.

Written from its structure (eva_vit.py, minigpt_v2.py), to compare what is converted with.
"""

import math

import torch
from torch.nn import functional

WIDTH, HEADS, DEPTH, MLP, PATCH = 8, 2, 2, 35, 14
HIDDEN, FEATURE = 32, 6
LAYERS = 2


def drawn(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.3


def eva_state(*, blocks=DEPTH + 1, side=2):
    """As eva_vit_g.pth: a block more than is used, positions of a smaller picture, its own head."""
    state = {
        "cls_token": drawn(1, 1, WIDTH, seed=1),
        "pos_embed": drawn(1, 1 + side * side, WIDTH, seed=2),
        "patch_embed.proj.weight": drawn(WIDTH, 3, PATCH, PATCH, seed=3) / 4,
        "patch_embed.proj.bias": drawn(WIDTH, seed=4),
        "norm.weight": drawn(WIDTH, seed=5),
        "norm.bias": drawn(WIDTH, seed=6),
        "head.weight": drawn(4, WIDTH, seed=7),
        "head.bias": drawn(4, seed=8),
    }
    shapes = {
        "norm1.weight": (WIDTH,),
        "norm1.bias": (WIDTH,),
        "attn.q_bias": (WIDTH,),
        "attn.v_bias": (WIDTH,),
        "attn.qkv.weight": (3 * WIDTH, WIDTH),
        "attn.proj.weight": (WIDTH, WIDTH),
        "attn.proj.bias": (WIDTH,),
        "norm2.weight": (WIDTH,),
        "norm2.bias": (WIDTH,),
        "mlp.fc1.weight": (MLP, WIDTH),
        "mlp.fc1.bias": (MLP,),
        "mlp.fc2.weight": (WIDTH, MLP),
        "mlp.fc2.bias": (WIDTH,),
    }
    for block in range(blocks):
        for i, (name, shape) in enumerate(shapes.items()):
            state[f"blocks.{block}.{name}"] = drawn(*shape, seed=100 * block + i + 10)
    return state


def eva(state, pixels, *, depth=DEPTH, heads=HEADS):
    """[n, 3, H, W] -> [n, 1 + P, W], before ln_vision."""
    patches = functional.conv2d(
        pixels, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=PATCH
    )
    side = patches.shape[-1]
    x = patches.flatten(2).transpose(1, 2)
    x = torch.cat([state["cls_token"].expand(len(x), -1, -1), x], 1)
    x = x + positions(state["pos_embed"], side)
    for number in range(depth):
        block = {
            name.removeprefix(f"blocks.{number}."): values
            for name, values in state.items()
            if name.startswith(f"blocks.{number}.")
        }
        x = x + attend(norm(x, block, "norm1"), block, heads)
        inner = functional.gelu(linear(norm(x, block, "norm2"), block, "mlp.fc1"))
        x = x + linear(inner, block, "mlp.fc2")
    return x


def positions(table, side):
    old = math.isqrt(table.shape[1] - 1)
    square = table[:, 1:].reshape(1, old, old, -1).permute(0, 3, 1, 2)
    square = functional.interpolate(square, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([table[:, :1], square.permute(0, 2, 3, 1).flatten(1, 2)], 1)


def norm(x, state, name, eps=1e-6):
    return functional.layer_norm(
        x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], eps
    )


def linear(x, state, name):
    return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def attend(x, block, heads):
    count, tokens, width = x.shape
    bias = torch.cat([block["attn.q_bias"], torch.zeros(width), block["attn.v_bias"]])
    qkv = functional.linear(x, block["attn.qkv.weight"], bias)
    q, k, v = qkv.reshape(count, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)
    weights = (q * (width // heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
    return linear((weights @ v).transpose(1, 2).reshape(count, tokens, width), block, "attn.proj")


def checkpoint_state(*, default=".default"):
    """What Emotion-LLaMA saves: LoRA, projectors, a head that is never called, buffers."""
    state = {}
    for layer in range(LAYERS):
        for i, target in enumerate(("q_proj", "v_proj")):
            lora = f"llama_model.base_model.model.model.layers.{layer}.self_attn.{target}.lora_"
            state[f"{lora}A{default}.weight"] = drawn(4, HIDDEN, seed=1000 + 10 * layer + i)
            state[f"{lora}B{default}.weight"] = drawn(HIDDEN, 4, seed=1005 + 10 * layer + i)
    widths = {
        "llama_proj": 4 * WIDTH,
        "feats_llama_proj1": FEATURE,
        "feats_llama_proj2": FEATURE,
        "feats_llama_proj3": FEATURE,
        "cls_tk_llama_proj": WIDTH,
    }
    for i, (name, width) in enumerate(widths.items()):
        state[f"{name}.weight"] = drawn(HIDDEN, width, seed=2000 + i)
        state[f"{name}.bias"] = drawn(HIDDEN, seed=2010 + i)
    state["attention.attention_mlp.0.weight"] = drawn(4, 4, seed=3000)
    state["attention.fc_out_1.bias"] = drawn(4, seed=3001)
    state["llama_model.base_model.model.model.layers.0.self_attn.rotary_emb.inv_freq"] = drawn(
        4, seed=3002
    )
    return state


def tokens(state, seen, features):
    """EVA's [n, 1 + P, W] after ln_vision and [n, 3, F] features -> [n, P / 4 + 4, d]."""
    count, _, width = seen.shape
    patches = seen[:, 1:].reshape(count, -1, 4 * width)
    rows = [linear(patches, state, "llama_proj")]
    rows += [linear(features[:, i : i + 1], state, f"feats_llama_proj{i + 1}") for i in range(3)]
    return torch.cat([*rows, linear(seen[:, :1], state, "cls_tk_llama_proj")], 1)
