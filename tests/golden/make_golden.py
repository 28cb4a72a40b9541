"""Make the golden release again: `.venv/bin/python -m tests.golden.make_golden FOLDER`.

It was made once with schema 1.0 and is never made anew: readers of every later minor version must
open it as it lies. This script says how it came about, and serves the next major version.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Final

from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.release import publish
from tests.pipeline.workshop import Workshop, bring_about

DEMO: Final = Path(__file__).parents[2] / "datasets" / "demo"
CLIPS: Final = ("smile.mp4", "smile.srt", "sad.mp4", "sad.srt", "rocket.mp4")
LABELS: Final = "name,label\nsmile.mp4,happy\nsad.mp4,sad\nrocket.mp4,neutral\n"
SMALL: Final = {
    "stills": {"max_width_px": 128, "quality": 50, "face_px": 64},
    "publish": {"source_licence": "CC0-1.0", "train": 0.5, "val": 0.0, "seed": 1},
}


def make(to: Path) -> Path:
    """Two clips with a face, one without, and a file that is no film; pictures made small."""
    with tempfile.TemporaryDirectory() as scratch:
        sources = Path(scratch) / "sources"
        sources.mkdir()
        for name in CLIPS:
            shutil.copy(DEMO / name, sources)
        (sources / "labels.csv").write_text(LABELS)
        (sources / "broken.mp4").write_text("this is a text\n")
        workshop = Workshop(sources, WorkFolder(Path(scratch) / "work"))
        chain = workshop.open(**SMALL)
        with WorkerPool(2, log=Path(scratch) / "log", memory_gb=3) as pool:
            bring_about(chain, pool)
        return publish(chain, to=to, name="golden", version="0.1.0").folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("to", type=Path, help="folder to write golden/0.1.0 into")
    make(parser.parse_args().to)


if __name__ == "__main__":
    main()
