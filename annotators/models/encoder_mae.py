"""ViTMAE: faces one by one, nothing masked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.features import Encoded, mean_of
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

LAYER: Final = "last_hidden_state, patches, mask_ratio 0"
FACES_PER_CLIP: Final = 8  # of a batch: as many patches as one clip of VideoMAE has tokens


@dataclass(frozen=True, eq=False)
class Mae:
    model: Any
    processor: Any
    runtime: Runtime
    keep_frames: bool

    def __call__(self, clips: Sequence[NDArray[np.uint8]]) -> list[Encoded]:
        """[n, H, W, 3] aligned faces each -> mean over patches, then over faces. Faces of several
        clips share a batch; only one batch of them is held as numbers."""
        faces = [face for clip in clips for face in clip]
        with computing(self.runtime.engine):
            means = np.concatenate(
                [self._means(c) for c in chunks(faces, FACES_PER_CLIP * self.runtime.batch)]
            )
        return [mean_of(part, keep=self.keep_frames) for part in _parted(means, clips)]

    def _means(self, faces: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """[N, width]"""
        pixels = self.runtime.tensor(
            self.processor(as_pictures(faces), return_tensors="np")["pixel_values"]
        )
        states = self.model(pixels, noise=self._order(len(faces))).last_hidden_state
        return to_numpy(states[:, 1:].float().mean(dim=1))

    def _order(self, faces: int) -> Any:
        """Noise that leaves the patches as they are; by default they come shuffled."""
        import torch

        patches = (self.model.config.image_size // self.model.config.patch_size) ** 2
        order = torch.arange(patches, dtype=torch.float32, device=self.runtime.device)
        return order.expand(faces, -1)


def _parted(
    rows: NDArray[np.float32], clips: Sequence[NDArray[np.uint8]]
) -> Iterator[NDArray[np.float32]]:
    start = 0
    for clip in clips:
        yield rows[start : start + len(clip)]
        start += len(clip)


def load_mae(files: EncoderFiles, runtime: Runtime, *, keep_frames: bool) -> Mae:
    """Raises SetupError."""
    runtime.check()
    from transformers import ViTMAEModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    model = load_pretrained(ViTMAEModel, files, runtime)
    model.config.mask_ratio = 0.0  # by default three of four patches are dropped at random
    processor = load_processor(ViTImageProcessorPil, files, runtime.engine)
    return Mae(model, processor, runtime, keep_frames)
