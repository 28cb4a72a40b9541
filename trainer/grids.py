"""Patch grids of peak frames: a folder with `grid.json` and `grid.f16`, read as a memory map."""

import json
from pathlib import Path

import numpy as np

from schemas.errors import SetupError
from trainer.batch import Grids


def open_grids(folder: Path) -> Grids:
    """SetupError where the folder holds no grids, or fewer bytes than it says."""
    try:
        about = json.loads((folder / "grid.json").read_text("utf-8"))
        clips, shape = about["clip_ids"], about["shape"]
        flat = np.memmap(folder / "grid.f16", np.dtype("<f2"), mode="r")
    except (OSError, ValueError, KeyError) as e:
        raise SetupError(
            f"--grid {folder}: holds no grid cache ({e}); `merr features` writes one"
        ) from e
    expected = len(clips) * int(np.prod(shape[-2:]))
    if flat.size != expected:
        raise SetupError(
            f"{folder}/grid.f16: {flat.size} numbers, grid.json says {expected}; make it again"
        )
    rows = flat.reshape(len(clips), *shape[-2:])
    return Grids({clip: place for place, clip in enumerate(clips)}, rows)
