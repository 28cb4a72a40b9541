"""MER2023: tracks MULTI (test1), NOISE (test2), SEMI (test3), and its training clips.

Its organisers' own preparation (MERTools, MERBench) reads `train`, `test1`, `test2` and `test3`
with videos, and beside them `train-label.csv` and so on, columns `name`, `discrete` and, but for
test3, `valence`. The first release called the columns `utterance_id` and `emotion`. That label
files may also lie in `test_labels` is how others use the archives. English words come from the
table that Emotion-LLaMA made (`transcription_en_all.csv`).
"""

from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from schemas.label import load_vocabulary
from trainer.benchmarks.clips import (
    BenchmarkClip,
    clips_of,
    first_existing,
    labelled,
    optional,
    texts,
    videos_in,
    word_of,
)

PARTS: Final = ("test3", "test1", "test2", "train")
_RENAMED: Final = {"utterance_id": "name", "emotion": "discrete", "sentence_en": "sentence"}
_TEXTS: Final = ("transcription_en_all.csv", "transcription.csv")


def read_mer2023(folder: Path, part: str, videos: Path | None) -> tuple[BenchmarkClip, ...]:
    if part not in PARTS:
        raise SetupError(f"mer2023 has no part {part!r}; it has {', '.join(PARTS)}")
    file = f"{part}-label.csv"
    places = (file, f"test_labels/{file}", f"test-labels/{file}", f"mer2023train/{file}")
    path = first_existing(folder, places, "file of labels")
    vocabulary = load_vocabulary("mer2023")
    labels = labelled(path, "name", "discrete", word_of(vocabulary), _RENAMED)
    place = videos or optional(folder, (part, f"mer2023{part}", "video"))
    said = texts(optional(folder, _TEXTS), "name", ("sentence",), _RENAMED)
    return clips_of(labels, videos_in(place), said)
