"""Syllables heard in a voice: peaks of its intensity that have a pitch."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

HOP: Final = 256  # samples between frames: 16 ms at 16 kHz, as in Praat and in the pitch model
SILENCE_DB: Final = -96.0  # below the last bit of 16
DIP_DB: Final = 2.0  # de Jong & Wempe 2009
BELOW_LOUDEST_DB: Final = 25.0  # version 2 of their script (Quene, Persoon & de Jong 2010)


def count_syllables(
    samples: NDArray[np.float32], spoken: NDArray[np.bool_], f0: NDArray[np.float64]
) -> int:
    """[N] samples, [N] inside speech, [F] Hz or NaN -> nuclei heard.

    After de Jong & Wempe (2009, Behavior Research Methods 41, 385-390): voiced peaks of intensity
    with 2 dB dips on both sides, not more than 25 dB below the 99 % quantile. Unstressed
    syllables are often missed.
    """
    level = intensity(samples)[: len(f0)]
    spoken = spoken[: len(level) * HOP : HOP]
    least = np.quantile(level[spoken], 0.99) - BELOW_LOUDEST_DB if spoken.any() else np.inf
    return sum(bool(level[i] >= least and np.isfinite(f0[i])) for i in peaks(level, dip=DIP_DB))


def intensity(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N] -> [ceil(N / 256)] dB, frame k at sample 256 * k, over Praat's 64 ms Kaiser window."""
    step = HOP // 4
    padded = np.pad(np.square(samples, dtype=np.float64), (0, -len(samples) % step))
    window = np.kaiser(17, 20.0)
    power = np.convolve(padded.reshape(-1, step).mean(axis=1), window / window.sum(), mode="same")
    return decibels(power[:: HOP // step])


def peaks(level: NDArray[np.float64], *, dip: float) -> list[int]:
    """[F] dB -> frames of the maxima from which the level falls by `dip` on both sides.

    Before the first and after the last frame there is silence.
    """
    found, rising, turn = [], True, 0
    for i in range(len(level)):
        beyond = level[i] > level[turn] if rising else level[i] < level[turn]
        if beyond:
            turn = i
        elif abs(level[i] - level[turn]) >= dip:
            found += [turn] if rising else []
            rising, turn = not rising, i
    return [*found, turn] if rising and len(level) else found


def decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean squares of samples in -1..1 -> dBFS, at least SILENCE_DB."""
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-12))
    return level.clip(SILENCE_DB)
