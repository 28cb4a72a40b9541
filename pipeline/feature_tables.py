"""The table `features` of a release: rows of released clips, copied as they lie in the parts.

Vectors stay in Arrow: half a hundred thousand of them as Python floats would be gigabytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.chain import Chain
from pipeline.feature_lots import feature_parts
from pipeline.tables import hub_features, hub_schema
from schemas.arrow import arrow_schema
from schemas.errors import SetupError
from schemas.features import FeatureSet
from schemas.parquet import write_table

TABLE: Final = "features"
FILE_BYTES: Final = 256 << 20  # of a file, before it is packed


def write_features(chain: Chain, folder: Path, splits: Mapping[str, str]) -> None:
    """`splits`: clip_id -> split, of every clip released. Writes nothing where there are none."""
    writer = _Writer(folder)
    released = pa.array(sorted(splits), pa.string())
    for _, _, path in feature_parts(chain):
        table = _read(path)
        table = table.filter(pc.is_in(table["clip_id"], released))
        where = pa.array([splits[i] for i in table["clip_id"].to_pylist()], pa.string())
        for split in sorted(set(where.to_pylist())):
            writer.add(split, table.filter(pc.equal(where, split)))
    writer.finish()


def _read(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read().cast(hub_schema(arrow_schema(FeatureSet)))
    except (pa.ArrowException, OSError) as e:
        why = str(e).splitlines()[0]
        raise SetupError(f"{path}: is damaged ({why}); remove it and run `merr features`") from e


@dataclass
class _Writer:
    folder: Path
    _waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    _written: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, split: str, table: pa.Table) -> None:
        waiting = self._waiting.setdefault(split, [])
        waiting.append(table)
        if sum(t.nbytes for t in waiting) >= FILE_BYTES:
            self._flush(split)

    def _flush(self, split: str) -> None:
        files = self._written.setdefault(split, [])
        path = self.folder / f"{split}-{len(files):05d}.parquet"
        whole = pa.concat_tables(self._waiting.pop(split))
        told = {"info": {"features": hub_features(whole.schema, pictures=False)}}
        write_table(path, whole.combine_chunks(), {"huggingface": json.dumps(told)})
        files.append(path)

    def finish(self) -> None:
        for split in sorted(self._waiting):
            self._flush(split)
        for split, files in sorted(self._written.items()):
            for i, path in enumerate(files):
                path.rename(path.with_name(f"{split}-{i:05d}-of-{len(files):05d}.parquet"))
