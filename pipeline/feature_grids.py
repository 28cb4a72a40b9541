"""The patch grid of a lot, where its source keeps one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from pipeline.feature_lots import FeatureChain, Lot
from pipeline.feature_sources import FeatureSource
from schemas.grid import write_grid

Keep = Callable[[str, NDArray[Any]], None]


@contextmanager
def grids_of(features: FeatureChain, lot: Lot, source: FeatureSource) -> Iterator[Keep]:
    """Takes clip_id and grid [patches, width]; nothing where no grid is asked for. It is there
    before the part, so that a part without its grid is a sign of one that was removed."""
    if not source.grid:
        yield lambda clip_id, grid: None
        return
    with write_grid(
        features.grid(lot, source),
        encoder=source.encoder,
        weights=source.weights or "",
        layer=source.layer or "",
    ) as add:
        yield add
