"""Many clips out of a few: copies that differ in a box of their container which players skip."""

import itertools
import shutil
from pathlib import Path

SUFFIXES = (".mp4", ".mov")


def short_films(clips: Path, most_bytes: int = 1_000_000) -> list[Path]:
    """Films of a set that are quick to measure; damaged ones lie in folders of their own."""
    films = sorted(path for path in clips.iterdir() if path.suffix in SUFFIXES)
    return [path for path in films if path.stat().st_size <= most_bytes] or films


def copy_films(films: list[Path], to: Path, count: int) -> None:
    """`count` films with different bytes and the same pictures, and a label for each."""
    to.mkdir(parents=True)
    lines = ["name,label"]
    for number, film in zip(range(count), itertools.cycle(films), strict=False):
        target = to / f"{number:03d}_{film.name}"
        shutil.copyfile(film, target)
        with target.open("ab") as end:  # ISO 14496-12, 8.1.2: a free space box may stand anywhere
            end.write((16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big"))
        lines.append(f"{target.name},{('happy', 'sad', 'worried')[number % 3]}")
    (to / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")
