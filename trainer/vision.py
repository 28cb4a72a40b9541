"""EVA ViT-g/14 at 448 px: Blip2VisionModel, with the norm that the original used."""

import io
import math
from copy import deepcopy
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import Blip2VisionConfig, Blip2VisionModel

from schemas.errors import SetupError
from trainer.language_model import load_llm_config

NORM_EPS: Final = 1e-5  # of the original's ln_vision; Blip2VisionModel has 1e-6
SIDE_PX: Final = 448
PATCH_PX: Final = 14
# CLIP's, which the original's image processor normalises with (blip_processors.py)
_MEAN: Final = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_STD: Final = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)


class Eyes(nn.Module):
    """A frozen Blip2VisionModel that gives patch grid and CLS."""

    def __init__(self, model: Blip2VisionModel) -> None:
        super().__init__()
        model.post_layernorm.eps = NORM_EPS
        model.requires_grad_(False)
        model.eval()
        self.model = model

    @property
    def config(self) -> Blip2VisionConfig:
        return self.model.config

    @property
    def patches(self) -> int:
        """Of the grid: 1,024 at 448 px."""
        return int((self.config.image_size // self.config.patch_size) ** 2)

    @torch.no_grad()
    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, W] -> grid [n, P, W] in row-major order, CLS [n, W]; both after ln_vision.

        Of last_hidden_state: pooler_output is normalised twice.
        """
        side = self.model.config.image_size
        if tuple(pixel_values.shape[-2:]) != (side, side):  # its own check misses smaller ones
            raise ValueError(
                f"pictures of {tuple(pixel_values.shape)}, expected [n, 3, {side}, {side}]"
            )
        parameter = next(self.model.parameters())
        seen = self.model(pixel_values.to(parameter.dtype)).last_hidden_state
        return seen[:, 1:], seen[:, 0]


def load_vision(name: str, *, side_px: int = SIDE_PX, dtype: torch.dtype = torch.float16) -> Eyes:
    """EVA from a folder of `merr convert-checkpoint`, or from a BLIP-2 by hub id or folder. A table
    of positions for another size is interpolated once. SetupError where weights are missing."""
    config = load_llm_config(name)
    renamed = {r"^vision_model\.": ""} if hasattr(config, "vision_config") else {}
    config = getattr(config, "vision_config", config)
    if not isinstance(config, Blip2VisionConfig):
        raise SetupError(
            f"{name}: is of a {config.model_type}, not of a BLIP-2 or its vision model, in which "
            "EVA is; give one, or a folder of `merr convert-checkpoint`"
        )
    try:
        model, told = Blip2VisionModel.from_pretrained(
            name, config=config, dtype=dtype, key_mapping=renamed, output_loading_info=True
        )
    except (OSError, ValueError) as e:
        raise SetupError(f"{name}: EVA does not load: {' '.join(str(e).split())[:500]}") from e
    if told["missing_keys"] or told["mismatched_keys"]:
        missing = sorted(map(str, [*told["missing_keys"], *told["mismatched_keys"]]))
        raise SetupError(
            f"{name}: {len(missing)} tensors of EVA are missing or of another shape, first "
            f"{missing[0]}; give a BLIP-2 with EVA ViT-g, or a folder of `merr convert-checkpoint`"
        )
    return Eyes(at_size(model, side_px))


def at_size(model: Blip2VisionModel, side_px: int) -> Blip2VisionModel:
    """The same network for pictures of another size."""
    if model.config.image_size == side_px:
        return model
    state = model.state_dict()
    table = "embeddings.position_embedding"
    state[table] = resize_positions(state[table], side_px // model.config.patch_size)
    config = deepcopy(model.config)
    config.image_size = side_px
    resized = Blip2VisionModel(config).to(model.dtype)
    resized.load_state_dict(state)
    return resized


def resize_positions(table: Tensor, side: int) -> Tensor:
    """[1, 1 + P, W] -> [1, 1 + side * side, W], bicubic in float32 as the original does it
    (interpolate_pos_embed); CLS keeps its own."""
    old = math.isqrt(table.shape[1] - 1)
    if old * old + 1 != table.shape[1]:
        raise SetupError(f"{table.shape[1]} positions are no square and one for CLS")
    patches = table[:, 1:].float().reshape(1, old, old, -1).permute(0, 3, 1, 2)
    patches = nn.functional.interpolate(
        patches, size=(side, side), mode="bicubic", align_corners=False
    )
    flat = patches.permute(0, 2, 3, 1).flatten(1, 2).to(table.dtype)
    return torch.cat([table[:, :1], flat], dim=1)


def eyes_of(config: Any) -> Eyes:
    """With random weights, to load others into."""
    return Eyes(Blip2VisionModel(config))


def pixels_of(picture: bytes, side_px: int = SIDE_PX) -> NDArray[np.float32]:
    """A JPEG -> [3, side, side]: squashed by a bicubic filter, not cropped, as the original's."""
    with Image.open(io.BytesIO(picture)) as opened:
        resized = opened.convert("RGB").resize((side_px, side_px), Image.Resampling.BICUBIC)
    values = np.asarray(resized, np.float32) / np.float32(255)
    return np.ascontiguousarray(((values - _MEAN) / _STD).transpose(2, 0, 1))
