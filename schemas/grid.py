"""Patch grids of pictures, too large for rows: a flat file of 16 bit floats, mapped into memory.

A grid is a folder with `grid.json` (GridHead) and `grid.f16`: raw little-endian float16,
[N, patches, width], clip after clip in the order of `clip_ids`. It is there whole or not at all.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from schemas.disk import fsync
from schemas.errors import SetupError
from schemas.units import Row

HEAD: Final = "grid.json"
DATA: Final = "grid.f16"
_HALF: Final = np.dtype("<f2")


class GridHead(Row):
    encoder: str
    weights: str  # sha256 of configuration and weights
    layer: str
    patches: int  # of a picture, row by row from its upper left corner; 0 where there is no clip
    width: int
    clip_ids: tuple[str, ...]


Add = Callable[[str, NDArray[Any]], None]


@contextmanager
def write_grid(folder: Path, *, encoder: str, weights: str, layer: str) -> Iterator[Add]:
    """Gives a function that adds the grid [patches, width] of one clip. The folder appears, in the
    place of an older one, when the block ends well; what a killed run left is removed first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(left)
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    scratch.mkdir()
    shapes: dict[str, tuple[int, int]] = {}
    try:
        with (scratch / DATA).open("wb") as file:
            yield lambda clip_id, grid: _add(file, shapes, clip_id, grid)
            _sync(file)
        patches, width = next(iter(shapes.values()), (0, 0))
        head = GridHead(
            encoder=encoder,
            weights=weights,
            layer=layer,
            patches=patches,
            width=width,
            clip_ids=tuple(shapes),
        )
        with (scratch / HEAD).open("wb") as file:
            file.write(head.model_dump_json().encode())
            _sync(file)
        _show(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _add(
    file: IO[bytes], shapes: dict[str, tuple[int, int]], clip_id: str, grid: NDArray[Any]
) -> None:
    patches, width = grid.shape
    expected = next(iter(shapes.values()), grid.shape)
    if grid.shape != expected or clip_id in shapes:
        raise ValueError(f"grid of {clip_id} is {grid.shape}, expected {expected}, and once")
    with np.errstate(over="ignore"):
        halves = grid.astype(_HALF)
    if not np.isfinite(halves).all():
        raise ValueError(f"grid of {clip_id} has values that 16 bits do not hold")
    file.write(halves.tobytes())
    shapes[clip_id] = (patches, width)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _show(scratch: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    scratch.rename(folder)
    fsync(folder.parent)


@dataclass(frozen=True)
class PatchGrid:
    """Grids of one encoder, out of one folder or of many; opens no file before it is read."""

    folders: tuple[Path, ...]
    heads: tuple[GridHead, ...]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """A grid, or a folder of grids. SetupError where it is neither, is damaged, or where its
        grids are of different encoders."""
        whole = (folder / HEAD).exists()
        folders = (folder,) if whole else tuple(sorted(p.parent for p in folder.glob(f"*/{HEAD}")))
        if not folders:
            raise SetupError(f"{folder}: holds no {HEAD}, nor does a folder in it; it is no grid")
        grid = cls(folders, tuple(map(_read_head, folders)))
        grid.check()
        return grid

    def check(self) -> None:
        filled = [head for head in self.heads if head.clip_ids]
        kinds = {(h.encoder, h.weights, h.layer, h.patches, h.width) for h in filled}
        if len(kinds) > 1:
            raise SetupError(f"{self.folders[0].parent}: grids of different encoders: {kinds}")
        for folder, head in zip(self.folders, self.heads, strict=True):
            size = (folder / DATA).stat().st_size if (folder / DATA).exists() else 0
            wanted = len(head.clip_ids) * head.patches * head.width * _HALF.itemsize
            if size != wanted:
                raise SetupError(
                    f"{folder / DATA}: {size} bytes, {HEAD} speaks of {wanted}; remove the folder "
                    "and make it again"
                )
        if sum(len(head.clip_ids) for head in self.heads) != len(self._at):
            raise SetupError(f"{self.folders[0].parent}: a clip is in two of its grids")

    @property
    def clip_ids(self) -> tuple[str, ...]:
        return tuple(self._at)

    @property
    def shape(self) -> tuple[int, int]:
        """(patches, width)"""
        head = max(self.heads, key=lambda head: len(head.clip_ids))
        return head.patches, head.width

    @cached_property
    def _at(self) -> dict[str, tuple[int, int]]:
        """clip_id -> which grid, and its place in it."""
        return {
            clip_id: (number, place)
            for number, head in enumerate(self.heads)
            for place, clip_id in enumerate(head.clip_ids)
        }

    @cached_property
    def _maps(self) -> dict[int, NDArray[np.float16]]:
        return {}

    def _map(self, number: int) -> NDArray[np.float16]:
        if number not in self._maps:
            shape = (len(self.heads[number].clip_ids), *self.shape)
            path = self.folders[number] / DATA
            self._maps[number] = np.memmap(path, _HALF, "r", shape=shape)
        return self._maps[number]

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, clip_id: str) -> bool:
        return clip_id in self._at

    def rows(self, clip_ids: Sequence[str]) -> NDArray[np.float16]:
        """[n, patches, width] in the order asked for. KeyError for a clip without a grid."""
        out = np.empty((len(clip_ids), *self.shape), np.float16)
        for row, clip_id in enumerate(clip_ids):
            number, place = self._at[clip_id]
            out[row] = self._map(number)[place]
        return out


def _read_head(folder: Path) -> GridHead:
    try:
        return GridHead.model_validate_json((folder / HEAD).read_bytes())
    except ValueError as e:
        why = str(e).splitlines()[0]
        raise SetupError(f"{folder / HEAD}: is damaged ({why}); make the grid again") from e
