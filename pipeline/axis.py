"""Where values lie on a drawing, and which of them are named."""

import math
from dataclasses import dataclass
from typing import Final

_ROUND: Final = (1, 2, 5, 10)
_FINEST: Final = 0.01


@dataclass(frozen=True)
class Scale:
    """Values from 0 to `most` (above 0), laid out evenly from `start` to `end`, in points."""

    most: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * value / self.most


def round_step(least: float, *, whole: bool) -> float:
    """The smallest of 1, 2, 5 x 10^k that is at least `least`; at least 0.01, 1 where `whole`."""
    least = max(least, 1.0 if whole else _FINEST)
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in _ROUND if m * power >= least * (1 - 1e-9))


def ticks(most: float, *, steps: int, whole: bool) -> list[float]:
    """0 and the round values after it as far as `most`, about `steps` of them or fewer."""
    step = round_step(most / steps, whole=whole)
    return [step * place for place in range(math.floor(most / step * (1 + 1e-9)) + 1)]
