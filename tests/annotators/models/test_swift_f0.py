"""SwiftF0 in numpy against onnxruntime 1.32, whose answers lie beside this file."""

from pathlib import Path

import numpy as np
import pytest

from annotators.models.onnx_weights import read_weights
from annotators.models.swift_f0 import AT_ONCE, HOP, RATE_HZ, SwiftF0
from annotators.models.weights import PITCH, weight_path, weights_installed

pytestmark = pytest.mark.skipif(
    not weights_installed(PITCH), reason="needs `merr engines install prosody`"
)

REFERENCE = Path(__file__).with_name("swift_f0_reference.csv")
FLOOR_HZ, CEILING_HZ = 65.0, 1000.0


def sound() -> np.ndarray:
    """[N] float32: a buzz that glides from 90 to 400 Hz and back, then noise, then nothing."""
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    hz = 90 * (400 / 90) ** np.sin(np.pi * t / 4) ** 2
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    buzz = sum(np.sin(k * phase) / k for k in range(1, 8)) * (0.15 + 0.1 * np.sin(7 * t))
    noise = np.random.default_rng(5).normal(0, 0.02, len(t))
    return (buzz * (t < 3) + noise * (t < 3.5)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> SwiftF0:
    return SwiftF0(read_weights(weight_path(PITCH, "swift_f0").read_bytes()))


def heard(network, samples):
    return network(samples, floor_hz=FLOOR_HZ, ceiling_hz=CEILING_HZ)


def test_pitch_and_confidence_are_those_of_onnxruntime(network):
    reference = np.loadtxt(REFERENCE, delimiter=",", skiprows=1)
    hz, confidence = heard(network, sound())
    assert len(hz) == len(reference) > AT_ONCE  # more than one window
    np.testing.assert_allclose(hz, reference[:, 0], rtol=1e-5)
    np.testing.assert_allclose(confidence, reference[:, 1], atol=1e-4)
    voiced = reference[:, 1] >= 0.5
    assert 100 < voiced.sum() < len(reference) - 30


def test_a_long_sound_is_heard_like_its_parts(network):
    twice = np.tile(sound(), 2)
    start, frames = AT_ONCE // 2, 2 * AT_ONCE
    whole = np.array(heard(network, twice))[:, start : start + frames]
    part = np.array(heard(network, twice[start * HOP : (start + frames) * HOP]))
    inside = slice(20, -20)  # where the part's own ends are not heard
    np.testing.assert_allclose(part[:, inside], whole[:, inside], rtol=1e-3, atol=1e-4)


def test_pitches_outside_the_band_have_no_confidence(network):
    confidence = network(sound(), floor_hz=500.0, ceiling_hz=1000.0)[1]
    assert confidence.max() < 0.5
    assert heard(network, sound())[1].max() > 0.9


def test_silence_is_never_voiced(network):
    assert heard(network, np.zeros(RATE_HZ, np.float32))[1].max() == 0


@pytest.mark.parametrize("model", [b"\x3a\x07\x2a\x05\x10\x10\x42\x01x", b"\x0b"])
def test_arrays_of_an_unknown_type_and_bytes_that_are_no_protobuf_are_refused(model):
    with pytest.raises(ValueError, match="not"):
        read_weights(model)
