"""A small folder of sources in which every kind of fate occurs: made, rejected, failed, twice."""

import csv
import shutil
from pathlib import Path

DEMO = Path(__file__).parents[2] / "datasets" / "demo"
TAKEN = ("smile.mp4", "smile.srt", "silent.mp4", "sad.mp4", "rocket.mp4")
UNLABELLED = "sad.mp4"  # rejected: no_label; the rocket has no face


def make_sources(folder: Path) -> Path:
    """Four clips of the demo, a copy, a text that calls itself a film, and a note."""
    folder.mkdir(parents=True)
    for name in TAKEN:
        shutil.copy2(DEMO / name, folder / name)
    shutil.copy2(DEMO / "silent.mp4", folder / "the_same_again.mp4")
    (folder / "broken.mp4").write_text("this is no film\n" * 50, "utf-8")
    (folder / "notes.txt").write_text("of another kind\n", "utf-8")
    with (DEMO / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _wanted(row["name"])]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["name", "label"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _wanted(name: str) -> bool:
    return name in TAKEN and name != UNLABELLED
