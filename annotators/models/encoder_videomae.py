"""VideoMAE: sixteen faces in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotators.features import MOTION_FRAMES, Encoded, mean_of
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
from schemas.errors import SetupError


@dataclass(frozen=True, eq=False)
class VideoMae:
    model: Any
    processor: Any
    runtime: Runtime
    keep_frames: bool

    def __call__(self, clips: Sequence[NDArray[np.uint8]]) -> list[Encoded]:
        """[16, H, W, 3] aligned faces each -> mean over all tokens; frame level is one mean per
        tubelet (two frames), [8, width]."""
        with computing(self.runtime.engine):
            return [
                mean_of(steps, keep=self.keep_frames)
                for chunk in chunks(clips, self.runtime.batch)
                for steps in self._steps(chunk)
            ]

    def _steps(self, clips: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """[clips, steps, width]. Every step has equally many tokens, so their mean is the mean."""
        given = self.processor([as_pictures(list(clip)) for clip in clips], return_tensors="np")
        tokens = self.model(self.runtime.tensor(given["pixel_values"])).last_hidden_state
        steps = MOTION_FRAMES // self.model.config.tubelet_size
        by_step = tokens.float().unflatten(1, (steps, tokens.shape[1] // steps))
        return to_numpy(by_step.mean(dim=2))


def layer_of(config: dict[str, Any]) -> str:
    """With use_mean_pooling, transformers' default, VideoMAE has no final norm."""
    pooled = bool(config.get("use_mean_pooling", True))
    norm = "no final norm" if pooled else "after the final norm"
    return f"last_hidden_state, use_mean_pooling {str(pooled).lower()} ({norm})"


def load_videomae(files: EncoderFiles, runtime: Runtime, *, keep_frames: bool) -> VideoMae:
    """Raises SetupError, also for a model of another number of frames."""
    runtime.check()
    from transformers import VideoMAEModel
    from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

    model = load_pretrained(VideoMAEModel, files, runtime)
    if model.config.num_frames != MOTION_FRAMES:
        raise SetupError(
            f"{runtime.engine}: {files.name} takes {model.config.num_frames} frames, merr gives "
            f"{MOTION_FRAMES}; take another model"
        )
    processor = load_processor(VideoMAEImageProcessorPil, files, runtime.engine)
    return VideoMae(model, processor, runtime, keep_frames)
