"""DFEW: five folds of single-labelled clips, 16,372 numbered videos.

The folder as its users have it from its owners: `EmoLabel_DataSplit/test(single-labeled)/
set_1.csv` to `set_5.csv` with columns `video_name` (a number) and `label` (1 to 7), videos in
`Clip/original`, in numbered folders or not, or `Clip/clip_224x224_avi/00001.avi`. Its owners'
code reads a folder of frames with `label/single_testset_1.csv` instead, whose columns its README
does not name: taken to be the same (inferred). It has no subtitles.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from trainer.benchmarks.clips import (
    BenchmarkClip,
    first_existing,
    labelled,
    optional,
    videos_in,
)

PARTS: Final = ("1", "2", "3", "4", "5")
_VIDEOS: Final = ("Clip/original", "Clip/clip_224x224_avi", "videos")


@dataclass(frozen=True)
class DfewLabels:
    version: str
    numbers: dict[str, str]
    answers: dict[str, str]


@cache
def dfew_labels() -> DfewLabels:
    table = tomllib.loads((files("trainer.benchmarks") / "dfew.toml").read_text("utf-8"))
    return DfewLabels(table["version"], dict(table["numbers"]), dict(table["answers"]))


def read_dfew(folder: Path, part: str, videos: Path | None) -> tuple[BenchmarkClip, ...]:
    """The test clips of a fold."""
    if part not in PARTS:
        raise SetupError(f"dfew has no fold {part!r}; it has {', '.join(PARTS)}")
    places = (
        f"EmoLabel_DataSplit/test(single-labeled)/set_{part}.csv",
        f"EmoLabel_DataSplit/test(single-labeled)/test_set_{part}.csv",
        f"test(single-labeled)/set_{part}.csv",
        f"label/single_testset_{part}.csv",
    )
    path = first_existing(folder, places, "file of labels")
    labels = labelled(path, "video_name", "label", _label, {"name": "video_name"})
    place = videos or optional(folder, _VIDEOS)
    found = {_number(name) or name: file for name, file in videos_in(place).items()}
    return tuple(
        BenchmarkClip(name=name, video=found.get(_number(name) or name), label=label, text=None)
        for name, label in labels.items()
    )


def _label(cell: str) -> str | None:
    return dfew_labels().numbers.get(cell.removesuffix(".0"))


def _number(name: str) -> str | None:
    """`00001` and `1` are one clip."""
    return str(int(name)) if name.isascii() and name.isdigit() else None
