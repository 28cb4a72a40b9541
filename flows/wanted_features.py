"""Which encoders a trained model reads, as settings of features; and what they say of clips."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.feature_settings import FeatureSettings
from pipeline.chain import Chain
from pipeline.feature_lots import FeatureChain
from pipeline.feature_sources import SMALL, FeatureLedger, find_sources
from schemas.errors import SetupError
from schemas.features import SLOTS, Slot
from schemas.grid import PatchGrid

ENGINES: Final[Mapping[Slot, tuple[str, ...]]] = {
    "face": ("mae",),
    "motion": ("videomae",),
    "audio": ("hubert",),
    "image": ("eva", "clip", "siglip"),
}


@dataclass(frozen=True)
class Features:
    """Of clips: vectors by slot; patch grids stay on the disk until they are asked for."""

    vectors: dict[str, dict[str, NDArray[Any]]]  # clip_id -> slot -> [width]
    grids: tuple[PatchGrid, ...]

    def of(self, clip_id: str) -> dict[str, NDArray[Any]]:
        """By modality; what a clip lacks is not there."""
        found = dict(self.vectors.get(clip_id, {}))
        for grid in self.grids:
            if clip_id in grid:
                found["grid"] = grid.rows([clip_id])[0]
        return found

    def names_of(self, clip_id: str) -> tuple[str, ...]:
        """Modalities of a clip, sorted."""
        grid = ["grid"] if any(clip_id in grid for grid in self.grids) else []
        return tuple(sorted([*self.vectors.get(clip_id, {}), *grid]))


def feature_settings(
    encoders: Mapping[str, str], settings: FeatureSettings, *, grid: bool
) -> FeatureSettings:
    """`settings` with the encoders that a model was trained with, by slot; slots that it does not
    read are switched off. SetupError where nobody here knows how to make such features."""
    chosen: dict[str, Any] = {s: _slot(s, encoders.get(s), settings) for s in SLOTS}
    if grid:
        chosen["image"] = _with_grid(chosen["image"], settings)
    return settings.model_copy(update=chosen)


def _slot(slot: Slot, encoder: str | None, settings: FeatureSettings) -> Any:
    section = getattr(settings, slot)
    if encoder is None:
        return section.model_copy(update={"engine": "none"})
    if encoder == SMALL:
        return section.model_copy(update={"engine": SMALL})
    for engine in ENGINES[slot]:
        if _called(getattr(section, engine).model) == encoder or (
            getattr(section, engine).model == encoder
        ):
            return section.model_copy(update={"engine": engine})
    if len(ENGINES[slot]) > 1:
        raise SetupError(
            f"the model reads features of {encoder} in the slot {slot}; say which engine makes "
            f"them, e.g. --set features.{slot}.{ENGINES[slot][0]}.model={encoder}"
        )
    engine = ENGINES[slot][0]
    model = getattr(section, engine).model_copy(update={"model": encoder})
    return section.model_copy(update={"engine": engine, engine: model})


def _with_grid(image: Any, settings: FeatureSettings) -> Any:
    """The grid is EVA's, also where its CLS is not read."""
    eva = settings.image.eva.model_copy(update={"grid": True})
    return image.model_copy(update={"engine": "eva", "eva": eva})


def check_encoders(encoders: Mapping[str, str], settings: FeatureSettings) -> None:
    """SetupError where an encoder is not here, or is another than the model was trained with; by
    name, before anything is measured."""
    sources = find_sources(settings, lambda path: "")  # nobody hashes gigabytes to ask for a name
    _check_names(encoders, {source.slot: source.encoder for source in sources})


def features_of(chain: Chain, encoders: Mapping[str, str], *, grid: bool) -> Features:
    """What the encoders of the last `merr features` said. SetupError where they are others than
    those that the model was trained with: their numbers would mean nothing to it."""
    sources = FeatureLedger.load(chain.work).sources
    _check_names(encoders, {source.slot: source.encoder for source in sources})
    found = FeatureChain(chain)
    read = [source for source in sources if source.slot in encoders]
    vectors: dict[str, dict[str, NDArray[Any]]] = {}
    for lot in found.lots():
        for source in read:
            for row in found.part(lot, source).rows:
                vector = np.asarray(row.vector, np.float16)
                vectors.setdefault(row.clip_id, {})[source.slot] = vector
    folders = [found.grid_folder(source) for source in sources if grid and source.grid]
    return Features(vectors, tuple(PatchGrid.open(folder) for folder in folders))


def _check_names(wanted: Mapping[str, str], made: Mapping[str, str]) -> None:
    for slot, encoder in wanted.items():
        if made.get(slot) != encoder:
            raise SetupError(
                f"slot {slot}: features of {made.get(slot, 'nobody')} are here, the model reads "
                f"those of {encoder}; set features.{slot} so that it makes them"
            )


def _called(model: str) -> str:
    """A folder is known by the last part of its name."""
    return Path(model).name if Path(model).is_dir() else model
