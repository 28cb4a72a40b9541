"""EVA ViT-g/14 at 448 px: Blip2VisionModel, with the norm that the original used."""

import io
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import Blip2VisionConfig, Blip2VisionModel

NORM_EPS: Final = 1e-5  # of the original's ln_vision; Blip2VisionModel has 1e-6
SIDE_PX: Final = 448
# CLIP's, which the original's image processor normalises with (blip_processors.py)
_MEAN: Final = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_STD: Final = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)


class Eyes(nn.Module):
    """A frozen Blip2VisionModel that gives patch grid and CLS."""

    def __init__(self, model: Blip2VisionModel) -> None:
        super().__init__()
        model.post_layernorm.eps = NORM_EPS
        model.requires_grad_(False)
        self.model = model

    @property
    def config(self) -> Blip2VisionConfig:
        return self.model.config

    @torch.no_grad()
    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, W] -> grid [n, P, W] in row-major order, CLS [n, W]; both after ln_vision.

        Of last_hidden_state: pooler_output is normalised twice.
        """
        parameter = next(self.model.parameters())
        seen = self.model(pixel_values.to(parameter.dtype)).last_hidden_state
        return seen[:, 1:], seen[:, 0]


def eyes_of(config: Any) -> Eyes:
    """With random weights, to load others into."""
    return Eyes(Blip2VisionModel(config))


def pixels_of(picture: bytes, side_px: int = SIDE_PX) -> NDArray[np.float32]:
    """A JPEG -> [3, side, side]: squashed by a bicubic filter, not cropped, as the original's."""
    with Image.open(io.BytesIO(picture)) as opened:
        resized = opened.convert("RGB").resize((side_px, side_px), Image.Resampling.BICUBIC)
    values = np.asarray(resized, np.float32) / np.float32(255)
    return np.ascontiguousarray(((values - _MEAN) / _STD).transpose(2, 0, 1))
