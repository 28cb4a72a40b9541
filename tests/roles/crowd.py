"""Many labelled pictures that differ, from one portrait: clips that cost little to measure."""

from pathlib import Path

import cv2
import numpy as np

from tests.conftest import DEMO


def make_crowd(folder: Path, people: int) -> Path:
    """Every one a little darker than the one before: equal ones would be asked about once."""
    folder.mkdir(parents=True, exist_ok=True)
    portrait = cv2.imread(str(DEMO / "portrait.jpg"))
    for number in range(people):
        shade = np.clip(portrait * (1 - number / (3 * people)), 0, 255).astype(np.uint8)
        # Neighbours in shade may come out alike: they differ in height, too.
        cv2.imwrite(str(folder / f"p{number:03d}.jpg"), shade[: len(shade) - number % 5])
    rows = "".join(f"p{number:03d}.jpg,happy\n" for number in range(people))
    (folder / "labels.csv").write_text(f"name,label\n{rows}")
    return folder
