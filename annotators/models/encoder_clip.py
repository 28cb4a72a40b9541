"""CLIP and SigLIP: the whole picture as one vector, made to be compared with sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.features import Encoded, checked
from annotators.models.encoder_files import EncoderFiles
from annotators.models.encoder_torch import (
    Runtime,
    as_pictures,
    chunks,
    computing,
    load_pretrained,
    load_processor,
    to_numpy,
)

CLIP_LAYER: Final = "image_embeds"
CLIP_POOLING: Final = "CLS token, normed and projected"
SIGLIP_LAYER: Final = "pooler_output"
SIGLIP_POOLING: Final = "attention pooling of its own"


@dataclass(frozen=True, eq=False)
class Clip:
    model: Any
    processor: Any
    runtime: Runtime
    output: str  # its field

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Encoded]:
        """[H, W, 3] each -> [width]"""
        with computing(self.runtime.engine):
            return [
                checked(Encoded(vector))
                for chunk in chunks(pictures, self.runtime.batch)
                for vector in self._vectors(chunk)
            ]

    def _vectors(self, pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        pixels = self.processor(as_pictures(pictures), return_tensors="np")["pixel_values"]
        return to_numpy(getattr(self.model(self.runtime.tensor(pixels)), self.output))


def load_clip(files: EncoderFiles, runtime: Runtime) -> Clip:
    """Raises SetupError."""
    runtime.check()
    from transformers import CLIPVisionModelWithProjection
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    model = load_pretrained(CLIPVisionModelWithProjection, files, runtime)
    processor = load_processor(CLIPImageProcessorPil, files, runtime.engine)
    return Clip(model, processor, runtime, CLIP_LAYER)


def load_siglip(files: EncoderFiles, runtime: Runtime) -> Clip:
    """Raises SetupError."""
    runtime.check()
    from transformers import SiglipVisionModel
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    model = load_pretrained(SiglipVisionModel, files, runtime)
    processor = load_processor(SiglipImageProcessorPil, files, runtime.engine)
    return Clip(model, processor, runtime, SIGLIP_LAYER)
