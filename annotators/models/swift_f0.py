"""SwiftF0's network (Nieradzik 2025, MIT) in numpy: the graph of its model.onnx.

onnxruntime would be 75 MB for this one file. Windows of sound become three spectrograms of 128
pitch bins, these go through convolutions over bins and frames, and out come a score for each of 95
pitches and a confidence. Comments name the tensors of the graph.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

HOP: Final = 256
RATE_HZ: Final = 16_000
BINS: Final = 128
FLOOR: Final = 1e-8  # v129
# Digital silence lies on this floor in every bin, of which the model knows nothing; frames whose
# sound peaks below get no confidence (SILENCE_PEAK of the swift-f0 package).
SILENCE_PEAK: Final = 1e-3
BEFORE: Final = 11  # frames that reach into the answer for a frame, and after it (swift-f0)
AFTER: Final = 10
AT_ONCE: Final = 128  # frames: most of what they become stays in the processor's cache

_SPECTRA: Final = (  # window length, window, places and values of the sparse [bins, 128] filters
    (1024, "v41", "v123", "v124"),
    (2048, "v161", "v241", "v242"),
    (512, "v262", "v342", "v343"),
)
_FIRST: Final = "v353", "v354"
_RESIDUAL: Final = (  # two convolutions each: their weights and biases, dilation over bins
    ("v357", "v358", "v361", "v362", 1),
    ("v366", "v367", "v370", "v371", 17),
    ("v375", "v376", "v379", "v380", 27),
    ("v384", "v385", "v388", "v389", 40),
    ("v393", "v394", "v397", "v398", 48),
    ("v402", "v403", "v406", "v407", 2),
)
_HEAD: Final = "v413", "v414"
_HEAD_BINS: Final = 96  # the upper ones hold overtones only


class SwiftF0:
    """The network with its weights; one pass has no state."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """`weights` are the initializers of model.onnx by name."""
        self._weights = weights
        self._filters = [_dense(weights, length, *names) for length, _, *names in _SPECTRA]

    def __call__(
        self, samples: Array, *, floor_hz: float, ceiling_hz: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[N] at 16 kHz in -1..1, N > 0 -> [max(1, N // 256)] Hz, and confidences in 0..1.

        Frame k is centred on sample 256 * k; it is voiced from a confidence of 0.5 on.
        """
        samples = np.concatenate([samples, np.zeros(max(0, HOP - len(samples)), np.float32)])
        frames = len(samples) // HOP
        parts = []
        for start in range(0, frames, AT_ONCE):
            first, end = max(0, start - BEFORE), min(start + AT_ONCE, frames)
            seen = self._spectra(samples, first, min(end + AFTER, frames))
            scores, confidence = self._network(seen)
            kept = slice(start - first, end - first)
            parts.append((scores[:, kept], confidence[kept]))
        scores = np.concatenate([part[0] for part in parts], axis=1)
        confidence = np.concatenate([part[1] for part in parts])
        pitches = self._weights["v438"]
        allowed = (pitches >= np.float32(floor_hz)) & (pitches <= np.float32(ceiling_hz))
        confidence = np.where(allowed[scores.argmax(axis=0)], confidence, 0)
        loudest = np.abs(samples[: frames * HOP]).reshape(frames, HOP).max(axis=1)
        confidence[loudest < SILENCE_PEAK] = 0
        return self._pitch(np.where(allowed[:, None], scores, -np.inf)), confidence

    def _spectra(self, samples: Array, first: int, end: int) -> Array:
        """[3, 128, T] logarithms of the spectra centred on the frames from `first` to `end`."""
        made = []
        for (length, window, *_), bins in zip(_SPECTRA, self._filters, strict=True):
            start, stop = first * HOP - length // 2, (end - 1) * HOP + length // 2
            sound = samples[max(0, start) : stop]
            padding = max(0, -start), stop - max(0, start) - len(sound)
            windows = np.lib.stride_tricks.sliding_window_view(np.pad(sound, padding), length)
            spectrum = np.abs(np.fft.rfft(windows[::HOP] * self._weights[window], axis=1))
            made.append(np.log(spectrum.astype(np.float32) @ bins + np.float32(FLOOR)).T)
        return np.stack(made)

    def _network(self, spectra: Array) -> tuple[Array, NDArray[np.float64]]:
        """[3, 128, T] -> [95, T] scores of pitches, [T] confidences."""
        x = _relu(self._convolve(spectra, *_FIRST))
        for first, first_bias, second, second_bias, dilation in _RESIDUAL:
            inner = _relu(self._convolve(x, first, first_bias, dilation))
            x = _relu(x + self._convolve(inner, second, second_bias, dilation))
        head = _relu(self._convolve(x[:, :_HEAD_BINS], *_HEAD))[:, :-1]  # padded only below
        scores = self._convolve(head, "v425", "v426")[0]
        seen = self._convolve(head, "v417", "v418").max(axis=1)
        level = spectra.mean(axis=(0, 1), keepdims=True)[0]
        heard = np.concatenate([seen, level])[:, None]
        inner = _relu(self._convolve(heard, "v430", "v431"))
        logit = self._convolve(inner, "v434", "v435")[0, 0]
        return scores, 1 / (1 + np.exp(-logit.astype(np.float64)))

    def _convolve(self, x: Array, weight: str, bias: str, dilation: int = 1) -> Array:
        """[C, F, T] -> [D, F, T]: as large as before, with zeros around; `dilation` over bins.

        Rows of F are laid one after another with their padding, so that every tap is the same
        array seen from another place, and all of them together one product of matrices.
        """
        kernel = self._weights[weight]
        kernel = kernel.reshape(*kernel.shape[:2], -1, kernel.shape[-1])  # [D, C, over F, over T]
        outputs, channels, high, wide = kernel.shape
        _, bins, frames = x.shape
        above, beside = dilation * (high // 2), wide // 2
        row = frames + 2 * beside
        padded = np.zeros((channels, bins + 2 * above + 1, row), np.float32)
        padded[:, above : above + bins, beside : beside + frames] = x
        flat = padded.reshape(channels, -1)
        starts = [i * dilation * row + j for i in range(high) for j in range(wide)]
        taps = np.concatenate([flat[:, start : start + bins * row] for start in starts])
        matrix = kernel.transpose(0, 2, 3, 1).reshape(outputs, -1)
        made: Array = (matrix @ taps).reshape(outputs, bins, row)[:, :, :frames]
        made = made + self._weights[bias][:, None, None]
        return made

    def _pitch(self, scores: Array) -> NDArray[np.float64]:
        """[95, T] scores -> [T] Hz: the best place and its neighbours, weighed by softmax."""
        steps = self._weights["v455"]  # logarithms of the pitches
        near = scores.argmax(axis=0) + np.array([[-1], [0], [1]])  # [3, T]
        padded = np.pad(scores, ((1, 1), (0, 0)), constant_values=-np.inf).astype(np.float64)
        found = np.take_along_axis(padded, near + 1, axis=0)
        share = np.exp(found - found.max(axis=0))
        share /= share.sum(axis=0)
        hz: NDArray[np.float64] = np.exp((share * steps[near.clip(0, len(steps) - 1)]).sum(axis=0))
        return hz


def _dense(weights: Mapping[str, NDArray[Any]], length: int, places: str, values: str) -> Array:
    """[length // 2 + 1, 128] from the values that are not zero."""
    filters = np.zeros((length // 2 + 1) * BINS, np.float32)
    filters[weights[places]] = weights[values]
    return filters.reshape(-1, BINS)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0, out=x)
