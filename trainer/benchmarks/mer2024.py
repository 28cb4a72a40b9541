"""MER2024: tracks NOISE and SEMI, its training clips, and the words of track OV.

Its organisers' preparation (MERTools, toolkit/preprocess/mer2024.py) reads `video-labeled` with
`label-disdim.csv` (columns `name`, `discrete`, `valence`) and `video-unlabeled-with-test2noise`;
`label-transcription.csv` has `name`, `chinese` and `english`. Labels of the tracks were handed out
after the challenge as `reference-noise.csv` and `reference-semi.csv` (`name`, `discrete`): that
and the columns are known from how others read them. Lists of words: `name`, `openset`.
"""

from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from schemas.label import load_vocabulary
from trainer.benchmarks.clips import (
    BenchmarkClip,
    Labelling,
    clips_of,
    first_existing,
    labelled,
    optional,
    texts,
    videos_in,
    word_of,
)
from trainer.metrics.word_sets import words_of

PARTS: Final = ("noise", "semi", "train")
WORD_FILES: Final = {  # part -> files, MER2024's first
    "human": ("final-openset-english.csv", "check-openset.csv", "track2_train_human.csv"),
    "captionplus": ("track2_train_mercaptionplus.csv",),
}
_LABELS: Final = {
    "noise": "reference-noise.csv",
    "semi": "reference-semi.csv",
    "train": "label-disdim.csv",
}
_VIDEOS: Final = {
    "noise": ("video-unlabeled-with-test2noise", "MER2024_noise", "video"),
    "semi": ("video-unlabeled-with-test2noise", "video-unlabeled", "MER2024_semi", "video"),
    "train": ("video-labeled", "video"),
}
_TEXTS: Final = (
    "label-transcription.csv",
    "transcription_en_all.csv",
    "transcription-merge.csv",
    "subtitle_chieng.csv",
)
_RENAMED: Final = {"sentence_en": "english", "sentence": "chinese"}


def read_mer2024(folder: Path, part: str, videos: Path | None) -> tuple[BenchmarkClip, ...]:
    if part not in PARTS:
        raise SetupError(f"mer2024 has no part {part!r}; it has {', '.join(PARTS)}")
    path = first_existing(folder, (_LABELS[part],), "file of labels")
    word = word_of(load_vocabulary("mer2023"))  # the six labels of the year before
    return _read(folder, path, "discrete", word, videos or optional(folder, _VIDEOS[part]))


def read_mer_ov(folder: Path, part: str, videos: Path | None) -> tuple[BenchmarkClip, ...]:
    """Lists of words: of MER2024's track OV, and of MER-FG (MER2025, MER2026)."""
    if part not in WORD_FILES:
        raise SetupError(f"mer-ov has no part {part!r}; it has {', '.join(WORD_FILES)}")
    path = first_existing(folder, WORD_FILES[part], "list of words")
    place = videos or optional(folder, ("video-labeled", "video"))
    return _read(folder, path, "openset", lambda cell: cell if words_of(cell) else None, place)


def _read(
    folder: Path, path: Path, column: str, labelling: Labelling, videos: Path | None
) -> tuple[BenchmarkClip, ...]:
    labels = labelled(path, "name", column, labelling, {})
    said = texts(optional(folder, _TEXTS), "name", ("english", "chinese"), _RENAMED)
    return clips_of(labels, videos_in(videos), said)
