"""The pitch of a voice: SwiftF0, with the model file out of its wheel."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotators.models.onnx_weights import read_weights
from annotators.models.swift_f0 import SwiftF0
from annotators.models.weights import PITCH, pitch_model_text, weight_path

# Above mains hum (50, 60 Hz), which the model follows in pauses; a deep voice reaches below the
# 75 Hz that are usual in Praat.
FLOOR_HZ: Final = 65.0
# Shouts pass Praat's ceiling for speech (600 Hz); on speech both ceilings gave the same track.
CEILING_HZ: Final = 1000.0
VOICED: Final = 0.5  # the model is calibrated to be voiced from this confidence on


@dataclass(frozen=True, eq=False)
class SwiftPitch:
    """Tracks pitch; about 17 ms of one core per second of sound."""

    detector: SwiftF0
    name: str  # and digest of the weights, for Maker.model

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """[N] samples at 16 kHz in -1..1, N > 0 -> [max(1, N // 256)] Hz, NaN without a pitch.

        Frame k is centred on sample 256 * k.
        """
        hz, confidence = self.detector(samples, floor_hz=FLOOR_HZ, ceiling_hz=CEILING_HZ)
        return np.where(confidence >= VOICED, hz, np.nan)


@cache
def load_pitch() -> SwiftPitch:
    """SetupError when its file is missing or damaged."""
    weights = read_weights(weight_path(PITCH, "swift_f0").read_bytes())
    return SwiftPitch(detector=SwiftF0(weights), name=pitch_model_text())
