"""EVA ViT-g/14 of BLIP-2 at 448 px: the whole picture, as Emotion-LLaMA's global branch sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.features import Encoded, checked
from annotators.models.encoder_files import EncoderFiles, weight_files
from annotators.models.encoder_torch import Runtime, as_pictures, chunks, computing, to_numpy
from schemas.errors import SetupError

SIDE_PX: Final = 448
# Of ln_vision in the original (PyTorch's default); Blip2VisionModel builds it with 1e-6.
EPS: Final = 1e-5
PREFIX: Final = "vision_model."  # of EVA inside a BLIP-2 checkpoint
LAYER: Final = "last_hidden_state (after post_layernorm, eps 1e-5), 448 px"
POOLING: Final = "CLS token"


@dataclass(frozen=True, eq=False)
class Eva:
    model: Any
    processor: Any
    runtime: Runtime
    grid: bool  # whether the patches are wanted, too

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Encoded]:
        """[H, W, 3] each -> CLS, and the patches row by row. Never `pooler_output`: it goes through
        the last norm twice."""
        with computing(self.runtime.engine):
            return [
                encoded
                for chunk in chunks(pictures, self.runtime.batch)
                for encoded in self._encode(chunk)
            ]

    def _encode(self, pictures: list[NDArray[np.uint8]]) -> list[Encoded]:
        pixels = self.processor(as_pictures(pictures), return_tensors="np")["pixel_values"]
        states = self.model(self.runtime.tensor(pixels)).last_hidden_state
        grids = to_numpy(states[:, 1:]) if self.grid else [None] * len(pictures)
        classes = to_numpy(states[:, 0])
        return [checked(Encoded(c, grid=g)) for c, g in zip(classes, grids, strict=True)]


def load_eva(files: EncoderFiles, runtime: Runtime, *, grid: bool) -> Eva:
    """From a whole BLIP-2 checkpoint or from one of its vision model alone. SetupError where a
    weight is missing or unknown."""
    runtime.check()
    import torch
    from transformers import Blip2VisionModel

    with torch.device("meta"):
        model = Blip2VisionModel(_config(files))
    state = _fitted(_read(files, runtime.engine), model.config)
    try:
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as e:
        raise SetupError(f"{runtime.engine}: {files.name} is no EVA of BLIP-2: {_line(e)}") from e
    model.post_layernorm.eps = EPS
    model = model.to(runtime.device, runtime.dtype).eval()
    return Eva(model, image_processor(), runtime, grid)


def image_processor() -> Any:
    """Squashed to a square by bicubic interpolation, CLIP's mean and deviation."""
    from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    return BlipImageProcessorPil(
        size={"height": SIDE_PX, "width": SIDE_PX},
        resample=PILImageResampling.BICUBIC,
        image_mean=OPENAI_CLIP_MEAN,
        image_std=OPENAI_CLIP_STD,
    )


def _config(files: EncoderFiles) -> Any:
    from transformers import Blip2VisionConfig

    told = files.config
    vision = dict(told.get("vision_config", told))
    return Blip2VisionConfig(**(vision | {"image_size": SIDE_PX}))


def _read(files: EncoderFiles, engine: str) -> dict[str, Any]:
    """Tensors of the vision model, without prefix."""
    found: dict[str, Any] = {}
    prefix = PREFIX if "vision_config" in files.config else ""
    for path in weight_files(files.folder, engine, PREFIX):
        found |= {k.removeprefix(PREFIX): v for k, v in _tensors(path, prefix).items()}
    return found


def _tensors(path: Path, prefix: str) -> dict[str, Any]:
    if path.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys() if key.startswith(prefix)}  # noqa: SIM118  no mapping
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    return {key: value for key, value in loaded.items() if key.startswith(prefix)}


def _fitted(state: dict[str, Any], config: Any) -> dict[str, Any]:
    """With positions for 448 px: those of 224 px by bicubic interpolation in 32 bits, as the
    original does once when it loads."""
    import torch

    name = "embeddings.position_embedding"
    side = SIDE_PX // config.patch_size
    positions = state.get(name)
    if positions is None or positions.shape[1] == side**2 + 1:
        return state
    own = round((positions.shape[1] - 1) ** 0.5)
    patches = positions[:, 1:].float().reshape(1, own, own, -1).permute(0, 3, 1, 2)
    wider = torch.nn.functional.interpolate(
        patches, size=(side, side), mode="bicubic", align_corners=False
    )
    wider = wider.permute(0, 2, 3, 1).flatten(1, 2).to(positions.dtype)
    return state | {name: torch.cat([positions[:, :1], wider], dim=1)}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
