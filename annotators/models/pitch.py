"""The pitch of a voice: SwiftF0 (MIT), whose wheel carries the model, run by onnxruntime."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from swift_f0 import SwiftF0

from annotators.base import AUDIO_HZ
from schemas.errors import SetupError

# Above mains hum (50, 60 Hz), which the model follows in pauses; a deep voice reaches below the
# 75 Hz that are usual in Praat.
FLOOR_HZ: Final = 65.0
# Shouts pass Praat's ceiling for speech (600 Hz); on speech both ceilings gave the same track.
CEILING_HZ: Final = 1000.0
VOICED: Final = 0.5  # the model is calibrated to be voiced from this confidence on


@dataclass(frozen=True, eq=False)
class SwiftPitch:
    """Tracks pitch with one thread; about 9 ms of one core per second of sound."""

    detector: SwiftF0
    name: str  # and digest of the weights, for Maker.model

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """[N] samples at 16 kHz in -1..1, N > 0 -> [max(1, N // 256)] Hz, NaN without a pitch.

        Frame k is centred on sample 256 * k.
        """
        track = self.detector.detect(samples, AUDIO_HZ, fmin=FLOOR_HZ, fmax=CEILING_HZ)
        return np.where(track.confidence >= VOICED, track.pitch_hz, np.nan)


@cache
def load_pitch() -> SwiftPitch:
    """The model that the installed wheel carries. Raises SetupError when it is not there."""
    weights = Path(str(files("swift_f0"))) / "model.onnx"
    if not weights.is_file():
        raise SetupError("swift-f0: its wheel has no model.onnx; install it again")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return SwiftPitch(
        detector=SwiftF0(threads=1, spin=False),
        name=f"swift-f0-{version('swift-f0')} sha256:{digest[:16]}",
    )
