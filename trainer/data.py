"""Samples of a release: texts as they stand there, with the features of their clips."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trainer.cache import Cache, cache_release
from trainer.release import Release, open_release

NO_CHOICE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Sample:
    """One instruction. `features` holds a float16 vector for each slot its clip has, no other."""

    sample_id: str
    clip_id: str
    split: str
    tier: str
    task: str
    label: str
    instruction: str
    target: str
    features: dict[str, NDArray[np.float16]] = field(compare=False)


@dataclass(frozen=True)
class Samples:
    """Map-style: `samples[i]`, in the order of the release. Reading draws no random number."""

    release: Release
    cache: Cache
    index: NDArray[np.int64]  # rows of the cache

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> Sample:
        row = int(self.index[number])
        texts = {name: self.cache.arrays[name][row].as_py() for name in _TEXTS}
        return Sample(**texts, features=self.features(number))

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))

    def features(self, number: int) -> dict[str, NDArray[np.float16]]:
        """Slot -> [width] of one sample; a slot its clip has no features of is not there."""
        row = int(self.index[number])
        return {
            name: np.array(slot.vectors[slot.row[row]])  # a copy: the map is read-only
            for name, slot in self.cache.slots.items()
            if slot.there[row]
        }

    def column(self, name: str) -> NDArray[Any]:
        """A text column of these samples, as an array of str."""
        return self.cache.column(name)[self.index]

    def where(self, chosen: NDArray[np.bool_]) -> "Samples":
        """Those of these samples that are chosen, in their order."""
        return Samples(self.release, self.cache, self.index[chosen])

    def without(self, slots: Collection[str]) -> "Samples":
        """The same samples, read as if the release had no such features."""
        left = {name: slot for name, slot in self.cache.slots.items() if name not in slots}
        return Samples(self.release, replace(self.cache, slots=left), self.index)

    @cached_property
    def widths(self) -> dict[str, int]:
        """Slot -> width of its vectors, for the slots the release has."""
        return {name: slot.vectors.shape[1] for name, slot in self.cache.slots.items()}


_TEXTS: Final = tuple(Sample.__dataclass_fields__)[:-1]


def load(
    release: Path | Release,
    *,
    cache: Path,
    split: str | None = None,
    encoders: Mapping[str, str] = NO_CHOICE,
) -> Samples:
    """The samples of a release, or of one split; `cache` is the folder in which releases are made
    ready, once per digest. SetupError where the release cannot be read."""
    opened = release if isinstance(release, Release) else open_release(release)
    ready = cache_release(opened, cache, encoders)
    samples = Samples(opened, ready, np.arange(len(ready.texts)))
    return samples if split is None else samples.where(samples.column("split") == split)
