"""Features that others made: folders of one .npy per clip, as Emotion-LLaMA's authors gave them.

HL-UTT (audio), mae_340_UTT (face) and maeV_399_UTT (motion) hold NAME.npy, [1024] or [1, 1024];
their encoders of faces were never published, so nobody can make these features again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.features import Encoded, checked, mean_of
from pipeline.digests import sha256_of
from pipeline.feature_lots import FeatureChain, Lot
from pipeline.feature_sources import IMPORTED, FeatureSource
from pipeline.featured_lot import feature_row
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part, write_part
from pipeline.sources import folded
from schemas.errors import AnnotationError, SetupError
from schemas.failure import Failure, Rejection
from schemas.features import SLOTS, FeatureSet, Slot
from schemas.units import Row

SUFFIX: Final = ".npy"


@dataclass(frozen=True)
class Imported:
    source: FeatureSource
    made: int  # parts written now; 0: all of it was imported before
    missing: tuple[str, ...]  # names of clips that have no file
    unused: tuple[str, ...]  # files that no clip is named like


@dataclass(frozen=True)
class NpyFolder:
    slot: Slot
    path: Path
    keep_frames: bool = False

    @cached_property
    def files(self) -> dict[str, Path]:
        """Stem -> file. SetupError where there is none."""
        if not self.path.is_dir():
            raise SetupError(f"{self.slot}: there is no folder {self.path}")
        found = {folded(path.stem): path for path in sorted(self.path.glob(f"*{SUFFIX}"))}
        if not found:
            raise SetupError(f"{self.slot}: {self.path} holds no {SUFFIX} file")
        return found

    @cached_property
    def width(self) -> int:
        """That most of the files have: what differs is what is wrong."""
        widths: Counter[int] = Counter()
        for path in self.files.values():
            try:
                shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
            except (ValueError, OSError, EOFError):
                continue  # told when its clip is read
            if shape:
                widths[int(shape[-1])] += 1
        if not widths:
            raise SetupError(f"{self.slot}: no file of {self.path} is a NumPy array")
        return widths.most_common(1)[0][0]

    def read(self, path: Path) -> Encoded:
        """Raises AnnotationError with what was found and what was expected."""
        values = self._array(path)
        flat = values.reshape(1, -1) if values.ndim == 1 else values
        if flat.ndim != 2 or not len(flat) or flat.shape[1] != self.width:
            raise AnnotationError(
                f"{path.name} is {list(values.shape)}, expected [{self.width}], [1, {self.width}] "
                f"or [T, {self.width}]"
            )
        if len(flat) == 1:
            return checked(Encoded(flat[0].astype(np.float32)))
        return mean_of(flat, keep=self.keep_frames)

    def _array(self, path: Path) -> NDArray[Any]:
        try:
            values: NDArray[Any] = np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError) as e:
            raise AnnotationError(
                f"{path.name} is no NumPy array of numbers: {str(e).splitlines()[0]}"
            ) from e
        if values.dtype.kind not in "fiu":
            raise AnnotationError(f"{path.name} holds {values.dtype}, expected numbers")
        return values


@dataclass(frozen=True)
class FeatureImport:
    """One folder into the parts of its slot."""

    features: FeatureChain
    folder: NpyFolder
    retry_failed: bool = False
    _used: set[Path] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)

    def run(self) -> Imported:
        """SetupError where the folder is none of features; else every clip has its outcome."""
        lots = list(self.features.lots())
        found = {lot.name: self._files(lot) for lot in lots}
        source = self._source({name: _digest(files) for name, files in found.items()})
        made = sum(self._bring(lot, source, found[lot.name]) for lot in lots)
        unused = set(self.folder.files.values()) - self._used
        return Imported(
            source,
            made,
            tuple(sorted(self._missing)),
            tuple(sorted(path.name for path in unused)),
        )

    def _source(self, lots: dict[str, str]) -> FeatureSource:
        frames = " (of files with several rows: the mean over them)"
        return FeatureSource(
            slot=self.folder.slot,
            engine=IMPORTED,
            encoder=self.folder.path.resolve().name,
            weights=None,
            layer=None,
            pooling=f"as imported{frames}",
            sampling=None,
            frame_level=self.folder.keep_frames,
            lots=lots,
        )

    def _files(self, lot: Lot) -> dict[str, Path | Rejection]:
        """clip_id -> its file, or why it has none."""
        return {clip_id: self._file(lot, clip_id) for clip_id in lot.clip_ids}

    def _file(self, lot: Lot, clip_id: str) -> Path | Rejection:
        names = self._names(lot)[clip_id]
        if not names:
            return self._reject(
                clip_id,
                "part_of_video",
                "files are of whole videos, and this clip is a part of one",
            )
        for name in names:
            path = self.folder.files.get(name)
            if path is not None:
                self._used.add(path)
                return path
        self._missing.add(names[0])
        wanted = f"{self.folder.path.name}/{names[0]}{SUFFIX}"
        return self._reject(clip_id, "no_file", f"there is no {wanted}; this slot stays empty")

    def _reject(self, clip_id: str, rule: str, reason: str) -> Rejection:
        stage = f"{self.folder.slot}_features"
        return Rejection(subject="clip", id=clip_id, stage=stage, rule=rule, reason=reason)

    def _names(self, lot: Lot) -> Mapping[str, Sequence[str]]:
        """clip_id -> stems of the names it goes by; none where its video has other clips."""
        if lot.shard is None:
            return self._imported_names
        chain = self.features.chain
        return {
            clip.clip_id: list(dict.fromkeys(map(_stem, chain.catalog.names[clip.video_id])))
            if self._clips_of_video[clip.video_id] == 1
            else []
            for clip in chain.clips(lot.shard)
        }

    @cached_property
    def _imported_names(self) -> dict[str, list[str]]:
        return {row.clip_id: [_stem(row.name), folded(row.name)] for row in self._coarse}

    @cached_property
    def _coarse(self) -> Sequence[Any]:
        return self.features.chain.imports.coarse

    @cached_property
    def _clips_of_video(self) -> Counter[str]:
        chain = self.features.chain
        return Counter(clip.video_id for shard in chain.shards() for clip in chain.clips(shard))

    def _bring(
        self, lot: Lot, source: FeatureSource, files: Mapping[str, Path | Rejection]
    ) -> bool:
        """Whether a part was written."""
        path = self.features.path(lot, source)
        if path.exists() and not self.retry_failed:
            return False
        outcomes = [self._outcome(source, clip_id, file) for clip_id, file in files.items()]
        part = Part(
            [o for o in outcomes if isinstance(o, FeatureSet)],
            [o for o in outcomes if isinstance(o, Rejection)],
            [o for o in outcomes if isinstance(o, Failure)],
        )
        write_part(path, part, FeatureSet, self.features.key(lot, source))
        return True

    def _outcome(self, source: FeatureSource, clip_id: str, file: Path | Rejection) -> Row:
        if isinstance(file, Rejection):
            return file
        try:
            return feature_row(source, clip_id, self.folder.read(file))
        except NAMED as e:
            return fail("clip", clip_id, f"{source.slot}_features", e)


def _stem(name: str) -> str:
    return folded(PurePosixPath(name).stem)


def _digest(files: Mapping[str, Path | Rejection]) -> str:
    whole = hashlib.sha256()
    for clip_id, file in files.items():
        told = file.rule if isinstance(file, Rejection) else sha256_of(file)
        whole.update(f"{clip_id} {told}\n".encode())
    return whole.hexdigest()


def read_folders(given: Sequence[str], *, keep_frames: bool) -> Iterator[NpyFolder]:
    """From `slot=folder`. SetupError for another form, or a slot given twice."""
    seen: set[str] = set()
    for text in given:
        name, equals, folder = text.partition("=")
        slot = next((slot for slot in SLOTS if slot == name), None)
        if not equals or slot is None or slot in seen or not folder:
            raise SetupError(
                f"--npy {text}: expected slot=folder, each slot once, e.g. audio=HL-UTT; the slots "
                f"are {', '.join(SLOTS)}"
            )
        seen.add(slot)
        yield NpyFolder(slot, Path(folder), keep_frames)
