"""EMER: descriptions with reasons, of clips of MER2023.

As its README has them (github.com/zeroQiaoba/AffectGPT, EMER): v1 is `gt-eng.csv` and
`gt-chi.csv` with `names`, `emotions`, `subtitles`, `reasons`, 100 clips that are not neutral; v2
is `final-EMER-reason.csv` with `names` (in the file itself: `name`), `chinese`, `english`, 332
clips. Neither holds videos: they are MER2023's, and their folder is given apart.
"""

from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from trainer.benchmarks.clips import (
    BenchmarkClip,
    clips_of,
    first_existing,
    labelled,
    optional,
    texts,
    videos_in,
)

PARTS: Final = ("v1", "v2", "v1-chinese", "v2-chinese")
_FILES: Final = {  # part -> files, column of the description
    "v1": (("gt-eng.csv", "dataset-v1/gt-eng.csv"), "reasons"),
    "v1-chinese": (("gt-chi.csv", "dataset-v1/gt-chi.csv"), "reasons"),
    "v2": (("final-EMER-reason.csv", "dataset-v2/final-EMER-reason.csv"), "english"),
    "v2-chinese": (("final-EMER-reason.csv", "dataset-v2/final-EMER-reason.csv"), "chinese"),
}
_RENAMED: Final = {"names": "name", "chi_reasons": "reasons"}


def read_emer(folder: Path, part: str, videos: Path | None) -> tuple[BenchmarkClip, ...]:
    if part not in PARTS:
        raise SetupError(f"emer has no part {part!r}; it has {', '.join(PARTS)}")
    names, column = _FILES[part]
    path = first_existing(folder, names, "file of descriptions")
    labels = labelled(path, "name", column, lambda cell: cell, _RENAMED)
    said = texts(path, "name", ("subtitles",), _RENAMED)
    return clips_of(labels, videos_in(videos or optional(folder, ("video", "videos"))), said)
