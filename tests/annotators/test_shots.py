import numpy as np
import pytest

from annotators.shots import ShotDetector
from annotators.small import Small, shrink

RNG = np.random.default_rng(5)


def scene(seed):
    """A picture with structure at many scales, larger than the frame it is looked at through."""
    rng = np.random.default_rng(seed)
    picture = sum(
        np.kron(rng.uniform(0, 60, (512 // n, 512 // n)), np.ones((n, n))) for n in (64, 32, 16, 8)
    )
    return np.repeat(picture[:, :, None], 3, axis=2)


def view(picture, x=0, light=1.0, noise=0.0):
    frame = picture[:180, x : x + 320] * light + RNG.normal(0, noise, (180, 320, 3))
    return np.clip(frame, 0, 255).astype(np.uint8)


def cuts(frames):
    detector = ShotDetector()
    return [i for i, frame in enumerate(frames) if detector.see(Small(shrink(frame)))]


A, B = scene(1), scene(2)


def test_a_cut_starts_a_shot():
    frames = [view(A, noise=3) for _ in range(12)] + [view(B, noise=3) for _ in range(12)]
    assert cuts(frames) == [0, 12]


@pytest.mark.parametrize(
    "frames",
    [
        [view(A, noise=8) for _ in range(20)],
        [view(A, x=3 * i) for i in range(30)],
        [view(A, x=24 * (i % 8)) for i in range(8)] + [view(A, x=192 - 24 * i) for i in range(8)],
        [view(A, light=0.4 if 8 < i < 12 else 1.0) for i in range(20)],
        [view(A * (1 - i / 30) + B * (i / 30)) for i in range(31)],
        [np.zeros((90, 160, 3), np.uint8)] * 10,
    ],
    ids=["noise", "pan", "fast pan", "light", "dissolve", "black"],
)
def test_what_is_not_a_cut_starts_no_shot(frames):
    assert cuts(frames) == [0]


def test_a_cut_to_black_starts_a_shot():
    assert cuts([view(A)] * 10 + [np.zeros((180, 320, 3), np.uint8)] * 5) == [0, 10]


def test_a_flash_opens_at_most_one_shot():
    white = np.full((180, 320, 3), 255, np.uint8)
    assert len(cuts([view(A)] * 10 + [white] + [view(A)] * 10)) <= 2


def test_tiny_pictures_are_compared_too():
    small = [np.full((4, 6, 3), 10, np.uint8)] * 6
    assert cuts(small) == [0]
