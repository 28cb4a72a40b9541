"""How an expression comes and goes: values 0-1 per frame with one clear maximum."""

from dataclasses import dataclass

import numpy as np
from film import FPS
from numpy.typing import NDArray
from voice import FRAME_S, Samples, loudness

Curve = NDArray[np.float64]  # [T] 0-1

SMALLEST_LIPS = 0.02


@dataclass(frozen=True)
class Bump:
    """Rises from `start` to 1 x `height` at `peak` and falls until `end`; all are frames."""

    start: int
    peak: int
    end: int
    height: float = 1.0


def bump_curve(bump: Bump, frames: int) -> Curve:
    """Half a raised cosine, half a quarter of one: soft at the feet, with a point at the top, so
    that the frame of the peak is beyond doubt."""
    at = np.arange(frames, dtype=np.float64)
    rise = (at - bump.start) / (bump.peak - bump.start)
    fall = (bump.end - at) / (bump.end - bump.peak)
    near = np.clip(np.minimum(rise, fall), 0, 1)
    soft, pointed = (1 - np.cos(np.pi * near)) / 2, 1 - np.cos(np.pi * near / 2)
    return bump.height * (soft + pointed) / 2


def speech_curve(samples: Samples, frames: int) -> Curve:
    """How far the lips part for the voice: its loudness over about 0.1 s, the loudest is 1."""
    steps = round(1 / FPS / FRAME_S)
    level = loudness(samples)
    wide = np.convolve(level, np.hanning(2 * steps + 3), mode="same")
    curve = wide[steps // 2 :: steps][:frames] / wide.max()
    return np.where(curve < SMALLEST_LIPS, 0.0, curve)
