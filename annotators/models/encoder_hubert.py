"""HuBERT: what is heard, about 50 times a second."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.base import AUDIO_HZ
from annotators.features import Encoded, mean_of
from annotators.models.encoder_files import EncoderFiles
from annotators.models.encoder_torch import (
    Runtime,
    chunks,
    computing,
    load_pretrained,
    load_processor,
    to_numpy,
)

# After the final norm. `hidden_states[-1]` of transformers 5 is before it (training-stack, 0.15).
LAYER: Final = "last_hidden_state"


@dataclass(frozen=True, eq=False)
class Hubert:
    model: Any
    processor: Any
    runtime: Runtime
    keep_frames: bool

    def __call__(self, sounds: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        """[N] samples at 16 kHz each -> the mean over its own frames. Batched with a mask, where
        the model was trained to take one; else one by one, for its norm would see the padding."""
        masked = self.model.config.feat_extract_norm == "layer"
        with computing(self.runtime.engine):
            return [
                encoded
                for chunk in chunks(sounds, self.runtime.batch if masked else 1)
                for encoded in self._encode(chunk, masked=masked)
            ]

    def _encode(self, sounds: Sequence[NDArray[np.float32]], *, masked: bool) -> list[Encoded]:
        least = self.least_samples
        padded = [np.pad(sound, (0, max(0, least - len(sound)))) for sound in sounds]
        inputs = self.processor(
            padded,
            sampling_rate=AUDIO_HZ,
            padding=True,
            return_attention_mask=masked,
            return_tensors="np",
        )
        given = {"input_values": self.runtime.tensor(inputs["input_values"])}
        if masked:
            given["attention_mask"] = self.runtime.tensor(inputs["attention_mask"].astype(np.int64))
        states = to_numpy(self.model(**given).last_hidden_state)
        return [
            mean_of(state[: self.frames_of(len(sound))], keep=self.keep_frames)
            for state, sound in zip(states, padded, strict=True)
        ]

    def frames_of(self, samples: int) -> int:
        for kernel, stride in self._steps:
            samples = (samples - kernel) // stride + 1
        return samples

    @property
    def least_samples(self) -> int:
        """That give one frame: 400 for every HuBERT that is published."""
        samples = 1
        for kernel, stride in reversed(self._steps):
            samples = (samples - 1) * stride + kernel
        return samples

    @property
    def _steps(self) -> list[tuple[int, int]]:
        config = self.model.config
        return list(zip(config.conv_kernel, config.conv_stride, strict=True))


def load_hubert(files: EncoderFiles, runtime: Runtime, *, keep_frames: bool) -> Hubert:
    """Raises SetupError."""
    runtime.check()
    from transformers import HubertModel, Wav2Vec2FeatureExtractor

    return Hubert(
        load_pretrained(HubertModel, files, runtime),
        load_processor(Wav2Vec2FeatureExtractor, files, runtime.engine),
        runtime,
        keep_frames,
    )
