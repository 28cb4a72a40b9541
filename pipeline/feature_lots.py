"""Clips whose features make one part per slot: those of a shard, or some of an imported set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.feature_sources import IMPORTED, SMALL, FeatureLedger, FeatureSource
from pipeline.keys import Key, digest
from pipeline.parts import Part, read_fallen, read_ids, read_part
from pipeline.stages import BY_NAME
from schemas.arrow import SCHEMA_VERSION
from schemas.failure import Failure, Rejection
from schemas.features import FeatureSet
from schemas.grid import HEAD

IMPORTED_CLIPS: Final = 512  # of an imported set, in one part
_SMALL_READS: Final = {
    "audio": ("tone",),
    "face": ("face", "peak"),
    "motion": ("face",),
    "image": ("stills",),
}
_READS: Final = {  # engine -> stages whose rows decide its features
    "hubert": (),
    "mae": ("face",),
    "videomae": ("face",),
    "eva": ("stills",),
    "clip": ("stills",),
    "siglip": ("stills",),
    IMPORTED: (),
}
_MEDIA: Final = {  # engine -> packages that decide what it is shown
    "hubert": ("av",),
    "mae": ("av", "opencv-python-headless"),
    "videomae": ("av", "opencv-python-headless"),
}


@dataclass(frozen=True)
class Lot:
    number: int
    shard: Shard | None  # None: of an imported set, of which there is no media
    clip_ids: tuple[str, ...]  # that enter: measured up to their peak, or imported with a sample

    @property
    def name(self) -> str:
        return f"{self.number:05d}" if self.shard else f"imported-{self.number:05d}"

    def stage(self, slot: str) -> str:
        """Folder of its parts."""
        return f"{slot}_features" if self.shard else f"imported_{slot}_features"


def reads(source: FeatureSource) -> tuple[str, ...]:
    return _SMALL_READS[source.slot] if source.engine == SMALL else _READS[source.engine]


@dataclass(frozen=True)
class FeatureChain:
    """Keys and parts of features under the present chain. Reads, never writes."""

    chain: Chain

    def lots(self) -> Iterator[Lot]:
        """Shards in order, then the imported clips by name."""
        for shard in self.chain.shards():
            yield Lot(shard.number, shard, tuple(self._entering(shard)))
        imported = [row.clip_id for row in self.chain.imports.coarse]
        for start in range(0, len(imported), IMPORTED_CLIPS):
            ids = tuple(imported[start : start + IMPORTED_CLIPS])
            yield Lot(start // IMPORTED_CLIPS, None, ids)

    def _entering(self, shard: Shard) -> list[str]:
        """With or without a label: features need none, and labels come later."""
        measured = self.chain.ids(BY_NAME["stills"], shard)
        return [clip.clip_id for clip in self.chain.clips(shard) if clip.clip_id in measured]

    def key(self, lot: Lot, source: FeatureSource) -> Key:
        return Key.of(
            lot.stage(source.slot),
            {
                "version": source.version,
                "schema": SCHEMA_VERSION,
                "subjects": lot.shard.subjects if lot.shard else digest(lot.clip_ids)[:16],
                "inputs": {name: self._input(name, lot) for name in reads(source)},
                "source": source.model_dump(mode="json", exclude={"lots", "grid"}),
                "files": source.lots.get(lot.name),
                "made_with": _versions(*_MEDIA.get(source.engine, ())),
            },
        )

    def _input(self, stage: str, lot: Lot) -> str | None:
        return self.chain.key(BY_NAME[stage], lot.shard).name if lot.shard else None

    def path(self, lot: Lot, source: FeatureSource) -> Path:
        key = self.key(lot, source)
        return self.chain.work.part(lot.stage(source.slot), lot.number, key.name)

    def part(self, lot: Lot, source: FeatureSource) -> Part[FeatureSet]:
        found = read_part(self.path(lot, source), FeatureSet, self.key(lot, source))
        return found or Part()

    def settled(
        self, lot: Lot, source: FeatureSource, *, retry_failed: bool = False
    ) -> set[str] | None:
        """clip_ids that need no more work, without reading vectors; None without a part."""
        path = self.path(lot, source)
        if not path.exists():
            return None
        return read_ids(path) | fallen_part(path).settled(retry_failed=retry_failed)

    def grid_folder(self, source: FeatureSource) -> Path:
        """Of all grids of this source; the trainer opens it."""
        facts = source.model_dump(mode="json", exclude={"lots"})
        return self.chain.work.grids / digest(facts)[:16]

    def grid(self, lot: Lot, source: FeatureSource) -> Path:
        return self.grid_folder(source) / f"{lot.name}-{self.key(lot, source).name}"

    def lacks_grid(self, lot: Lot, source: FeatureSource) -> bool:
        return source.grid and not (self.grid(lot, source) / HEAD).exists()


def fallen_part(path: Path) -> Part[FeatureSet]:
    """A part without its rows."""
    fallen = read_fallen(path)
    return Part(
        (),
        [outcome for outcome in fallen if isinstance(outcome, Rejection)],
        [outcome for outcome in fallen if isinstance(outcome, Failure)],
    )


def concerns(lot: Lot, source: FeatureSource) -> bool:
    """Encoders need media, which imported clips do not have."""
    return lot.shard is not None or source.engine == IMPORTED


def feature_parts(chain: Chain) -> Iterator[tuple[Lot, FeatureSource, Path]]:
    """Every part of features that exists under the sources the work folder keeps."""
    found = FeatureChain(chain)
    sources = FeatureLedger.load(chain.work).sources
    for lot in found.lots() if sources else ():
        for source in sources:
            if concerns(lot, source) and (path := found.path(lot, source)).exists():
                yield lot, source, path


def names_of_parts(paths: Sequence[Path]) -> list[str]:
    """As in a manifest."""
    return [f"{path.parent.name}/{path.stem}" for path in paths]


@cache
def _versions(*packages: str) -> dict[str, Any]:
    return {name: version(name) for name in packages}
