"""A release made ready for random access: flat float16 features and Arrow texts, once per digest.

Rows of list columns cannot be taken quickly out of Parquet (34 rows a second where a group is read
for each), a flat memory map gives hundreds of thousands. The bits are those of the release.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import SetupError
from trainer.features import SLOTS, SlotTable, read_features
from trainer.folder import atomic_folder, is_complete
from trainer.release import Release, read_shards

CACHE_VERSION: Final = "1"
_COLUMNS: Final = ("sample_id", "clip_id", "tier", "task", "label", "instruction", "target")
_ABOUT: Final = "cache.json"


@dataclass(frozen=True)
class Slots:
    """Features of one slot: `vectors` [N, width] float16, a memory map; those of sample i are
    `vectors[row[i]]` where `there[i]`, and nothing where its clip has none."""

    encoder: str
    vectors: NDArray[np.float16]
    row: NDArray[np.int32]  # [samples]
    there: NDArray[np.bool_]  # [samples]


@dataclass(frozen=True)
class Cache:
    """Texts of all splits, in the order of the release, and the features of their clips."""

    folder: Path
    key: str
    texts: pa.Table  # _COLUMNS and split
    slots: dict[str, Slots]

    @cached_property
    def arrays(self) -> dict[str, pa.Array]:
        """The columns in one piece each; a single value is taken quickly out of these alone."""
        return {n: self.texts.column(n).combine_chunks() for n in self.texts.column_names}

    def column(self, name: str) -> NDArray[Any]:
        """One text column as an array of str."""
        return np.asarray(self.texts.column(name).to_pylist(), dtype=object)


def cache_release(release: Release, root: Path, encoders: Mapping[str, str]) -> Cache:
    """Open the cache of this release, made first where it is not there.

    `encoders`: slot -> encoder, needed where the release has several for a slot.
    """
    key = _key(release, encoders)
    folder = root / key
    if not is_complete(folder):
        with atomic_folder(folder) as unfinished:
            _write(release, unfinished, encoders)
    return _open(folder, key)


def _key(release: Release, encoders: Mapping[str, str]) -> str:
    """16 hex digits of the release's digest and of what decides the cache."""
    parts = [CACHE_VERSION, release.manifest.digest, *(f"{k}={v}" for k, v in encoders.items())]
    return hashlib.sha256("\n".join([*parts[:2], *sorted(parts[2:])]).encode()).hexdigest()[:16]


def _write(release: Release, folder: Path, encoders: Mapping[str, str]) -> None:
    texts = _texts(release)
    clips = texts.column("clip_id").to_pylist()
    slots = read_features(release, encoders)
    about: dict[str, Any] = {"release": release.manifest.digest, "slots": {}}
    for slot, table in slots.items():
        table.rows.tofile(folder / f"{slot}.f16")
        texts = texts.append_column(f"row_{slot}", _rows_of(clips, table))
        about["slots"][slot] = {"encoder": table.encoder, "width": table.rows.shape[1]}
    with (
        pa.OSFile(str(folder / "texts.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, texts.schema) as writer,
    ):
        writer.write_table(texts)
    (folder / _ABOUT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")


def _texts(release: Release) -> pa.Table:
    shards = []
    for split, table in read_shards(release, "instructions", _COLUMNS):
        plain = table.select(list(_COLUMNS)).replace_schema_metadata(None)
        plain = pa.table({name: plain.column(name).cast(pa.large_string()) for name in _COLUMNS})
        named = pa.array([split] * len(plain), pa.large_string())
        shards.append(plain.append_column("split", named))
    if not shards:
        raise SetupError(
            f"{release.folder}: has no table instructions, so there is nothing to train on; "
            "`merr publish` writes it beside coarse/ and fine/"
        )
    return pa.concat_tables(shards).combine_chunks()


def _rows_of(clips: list[str], table: SlotTable) -> pa.Array:
    """Null where a clip has no features."""
    place = {clip: row for row, clip in enumerate(table.clip_ids)}
    return pa.array([place.get(clip) for clip in clips], pa.int32())


def _open(folder: Path, key: str) -> Cache:
    about = json.loads((folder / _ABOUT).read_text("utf-8"))
    with pa.memory_map(str(folder / "texts.arrow")) as source:
        texts = pa.ipc.open_file(source).read_all()
    slots = {
        slot: _slots(folder / f"{slot}.f16", texts.column(f"row_{slot}"), about["slots"][slot])
        for slot in SLOTS
        if slot in about["slots"]
    }
    return Cache(folder, key, texts, slots)


def _slots(path: Path, row: pa.ChunkedArray, said: dict[str, Any]) -> Slots:
    flat = np.asarray(np.memmap(path, np.float16, mode="r"))  # a plain view is quicker to index
    return Slots(
        encoder=said["encoder"],
        vectors=flat.reshape(-1, said["width"]),
        row=row.fill_null(0).to_numpy(),
        there=row.is_valid().to_numpy(),
    )
