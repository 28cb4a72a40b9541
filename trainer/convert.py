"""A checkpoint of the original as one of ours."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from schemas.errors import SetupError
from schemas.instruction import MARKERS, Marker
from schemas.units import Row
from trainer.checkpoint import write_checkpoint
from trainer.config import EmotionLlamaConfig
from trainer.language_model import load_llm_config, load_tokenizer
from trainer.lora import lora_config
from trainer.original import Original, read_original
from trainer.original_eva import DEPTH, HEADS, read_eva
from trainer.projectors import Projectors
from trainer.vision import PATCH_PX, SIDE_PX

REPORT: Final = "conversion.json"
VISION: Final = "vision"  # folder of EVA beside the checkpoint's files
_LORA_NAME: Final = "base_model.model.llm.model.layers.{}.self_attn.{}_proj.lora_{}.weight"
_NO_NORM: Final = (
    "in none of the files: weight 1, bias 0, as the original's code leaves it. "
    "It was not filled from BLIP-2"
)


class SourceOfWeights(Row):
    name: str
    sha256: str


class Conversion(Row):
    """What a converted checkpoint was made of; written beside it."""

    files: tuple[SourceOfWeights, ...]  # in the order in which they were read
    llm: str
    lora_tensors: int
    lora_scaling: float  # alpha / r; the original's is 16 / 64
    projectors: tuple[str, ...]
    fresh: tuple[str, ...]  # projectors that no file had: random
    ignored: tuple[str, ...]
    ln_vision: str | None  # where EVA's last norm comes from; None: no EVA was given
    eva_blocks: int | None


def convert(
    files: Sequence[Path],
    to: Path,
    *,
    llm: str,
    eva: Path | None = None,
    fresh: bool = False,
    side_px: int = SIDE_PX,
    depth: int = DEPTH,
    heads: int = HEADS,
) -> Conversion:
    """Write a checkpoint that load_checkpoint() opens, EVA beside it where its file is given.

    `files`: in the order in which the original loads them (minigptv2_checkpoint.pth, then the
    trained one). `fresh`: projectors that no file has start at random, as the original's first
    stage does; then the layout is that of training, else that of the published evaluation.
    SetupError for a tensor unknown, missing or of another shape.
    """
    if to.exists() and any(to.iterdir()):
        raise SetupError(f"{to}: is not empty; give a new folder")
    text_config, tokenizer = load_llm_config(llm), load_tokenizer(llm)
    found = read_original(list(files))
    _check_lora(found, text_config)
    config = _config(found, text_config, llm, fresh=fresh)
    config.grid_patches = (side_px // PATCH_PX) ** 2
    projectors, made = _projectors(found, config, fresh=fresh)
    told = _told(found, [*files, *([eva] if eva else [])], llm, projectors, made)
    if eva:
        model, unused = read_eva(eva, found.ln_vision, side_px=side_px, depth=depth, heads=heads)
        model.save_pretrained(to / VISION)
        told = told.model_copy(
            update={
                "ignored": (*told.ignored, *unused),
                "ln_vision": found.ln_vision_from or _NO_NORM,
                "eva_blocks": depth,
            }
        )
    write_checkpoint(
        to,
        tensors=_lora_tensors(found) | _projector_tensors(projectors),
        adapter=lora_config(_rank(found), found.alpha),
        config=config,
    )
    tokenizer.save_pretrained(to)
    (to / REPORT).write_text(told.model_dump_json(indent=2) + "\n", "utf-8")
    return told


def _told(
    found: Original,
    files: Sequence[Path],
    llm: str,
    projectors: dict[str, Tensor],
    fresh: tuple[str, ...],
) -> Conversion:
    return Conversion(
        files=tuple(map(_source, files)),
        llm=llm,
        lora_tensors=len(found.lora),
        lora_scaling=found.alpha / _rank(found),
        projectors=tuple(sorted(projectors)),
        fresh=fresh,
        ignored=found.ignored,
        ln_vision=None,
        eva_blocks=None,
    )


def _rank(found: Original) -> int:
    return int(found.lora[0, "q", "A"].shape[0])


def _check_lora(found: Original, text_config: Any) -> None:
    """Query and value of every layer, A and B, in the shapes of this language model."""
    layers = range(text_config.num_hidden_layers)
    wanted = {(layer, target, part) for layer in layers for target in "qv" for part in "AB"}
    if found.lora.keys() != wanted:
        missing, extra = sorted(wanted - found.lora.keys()), sorted(found.lora.keys() - wanted)
        raise SetupError(
            f"LoRA of {len(layers)} layers is {len(wanted)} tensors; missing are {len(missing)} "
            f"{missing[:2]}, beyond it {len(extra)} {extra[:2]}: is this the language model?"
        )
    hidden, r = text_config.hidden_size, _rank(found)
    head = getattr(text_config, "head_dim", None) or hidden // text_config.num_attention_heads
    out = {"q": text_config.num_attention_heads * head, "v": text_config.num_key_value_heads * head}
    for (layer, target, part), tensor in found.lora.items():
        expected = (r, hidden) if part == "A" else (out[target], r)
        if tuple(tensor.shape) != expected:
            raise SetupError(
                f"lora_{part} of {target}_proj in layer {layer} is {tuple(tensor.shape)}, expected "
                f"{expected}: is this the language model?"
            )


def _config(found: Original, text_config: Any, llm: str, *, fresh: bool) -> EmotionLlamaConfig:
    config = EmotionLlamaConfig(
        text_config=text_config,
        llm_name=llm,
        frame="first",  # what the original's code takes, whatever its paper says
        layout="train" if fresh else "published-eval",
        answer="original",
        turn="llama-2",
        **{f"{m}_width": width for m, width in _widths(found).items() if m != "grid"},
    )
    grid = _widths(found).get("grid", config.width("grid"))
    config.grid_width = grid // config.patches_per_token
    config.text_config.name_or_path = ""
    return config


def _widths(found: Original) -> dict[Marker, int]:
    weights = {m: found.projectors.get(f"{m}.weight") for m in MARKERS}
    return {m: weight.shape[1] for m, weight in weights.items() if weight is not None}


def _projectors(
    found: Original, config: EmotionLlamaConfig, *, fresh: bool
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """(every projector's tensors, the names of those that are random)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        start = Projectors(config).state_dict()
    missing = tuple(sorted(set(start) - set(found.projectors)))
    if missing and not fresh:
        raise SetupError(
            f"{len(missing)} tensors of projectors are in none of the files, first {missing[0]}. "
            "minigptv2_checkpoint.pth has only llama_proj: give the trained checkpoint after it, "
            "or --fresh to train from there"
        )
    for name, tensor in found.projectors.items():
        if tensor.shape != start[name].shape:
            raise SetupError(
                f"projector {name} is {tuple(tensor.shape)}, expected {tuple(start[name].shape)}: "
                "is this the language model?"
            )
    return start | {name: tensor.float() for name, tensor in found.projectors.items()}, missing


def _lora_tensors(found: Original) -> dict[str, Tensor]:
    return {_LORA_NAME.format(*key): tensor.float() for key, tensor in found.lora.items()}


def _projector_tensors(projectors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"base_model.model.projectors.{name}": t for name, t in projectors.items()}


def _source(path: Path) -> SourceOfWeights:
    with path.open("rb") as file:
        return SourceOfWeights(
            name=path.name, sha256=hashlib.file_digest(file, "sha256").hexdigest()
        )
