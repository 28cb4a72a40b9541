"""Which split a sample belongs to: a hash of its group, so that adding films moves nothing."""

from collections.abc import Mapping
from math import isclose
from types import MappingProxyType
from typing import Final

from annotators.wording import drawn
from schemas.errors import SetupError

SHARES: Final[Mapping[str, float]] = MappingProxyType({"train": 0.8, "val": 0.1, "test": 0.1})
_STEPS: Final = 2**53  # as many as a float can tell apart


def split_of(seed: int, group: str, shares: Mapping[str, float] = SHARES) -> str:
    """The split of a group (a video, or a person), the same for every sample of it.

    `shares` are in 0..1 and sum to 1 (SetupError when they do not); their order does not matter.
    """
    if any(not share >= 0 for share in shares.values()) or not isclose(sum(shares.values()), 1.0):
        raise SetupError(f"shares of the splits are not negative and sum to 1, found {shares}")
    position = drawn(seed, "split", group) % _STEPS / _STEPS
    end = 0.0
    for name, share in sorted(shares.items()):
        end += share
        if position < end:
            return name
    return max(name for name, share in shares.items() if share > 0)  # rounding of the sum
