"""The benchmarks by name: who reads the data set, and what its labels are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from trainer.benchmarks import dfew, emer, mer2023, mer2024
from trainer.benchmarks.clips import BenchmarkClip

Kind = Literal["labels", "words", "descriptions"]
Read = Callable[[Path, str, Path | None], tuple[BenchmarkClip, ...]]


@dataclass(frozen=True)
class Benchmark:
    """`parts`: the first is the one that papers report. `vocabulary`: None where labels are not
    of a set."""

    kind: Kind
    vocabulary: str | None
    parts: tuple[str, ...]
    read: Read


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "mer2023": Benchmark("labels", "mer2023", mer2023.PARTS, mer2023.read_mer2023),
    "mer2024": Benchmark("labels", "mer2023", mer2024.PARTS, mer2024.read_mer2024),
    "dfew": Benchmark("labels", "dfew", dfew.PARTS, dfew.read_dfew),
    "mer-ov": Benchmark("words", None, tuple(mer2024.WORD_FILES), mer2024.read_mer_ov),
    "emer": Benchmark("descriptions", None, emer.PARTS, emer.read_emer),
}
