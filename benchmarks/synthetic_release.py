"""A release of any size, written column by column: what a loader reads, without any video."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schemas.arrow import SCHEMA_VERSION, arrow_schema
from schemas.features import FeatureSet
from schemas.instruction import InstructionSample, lay_out
from schemas.parquet import write_table
from schemas.release import Manifest, ReleaseFile

SLOTS = ("face", "motion", "audio")
WIDTH = 1024
MADE_BY = {"engine": "synthetic", "version": "1", "model": None, "prompt": None}


def write_release(folder: Path, clips: int, vectors: dict[str, NDArray[np.float16]]) -> Path:
    """`vectors`: slot -> [clips, width]. One instruction per clip, of 12 words."""
    tables = {
        "instructions/train-00000-of-00001.parquet": _instructions(clips),
        "features/train-00000-of-00001.parquet": _features(clips, vectors),
    }
    files = []
    for name, table in tables.items():
        write_table(folder / name, table)
        files.append(_file(folder, folder / name))
    (folder / "manifest.json").write_text(_manifest(files).model_dump_json(indent=2), "utf-8")
    return folder


def clip_name(number: int) -> str:
    return f"samplenew_{number:08d}"


def sentence(number: int) -> str:
    return f"I told you {number} times that we would come back here one day."


def _instructions(clips: int) -> pa.Table:
    rows = []
    for number in range(clips):
        asked = lay_out("emotion", "Which label fits?", sentence(number))
        rows.append(
            {
                "sample_id": f"{number:032x}",
                "clip_id": clip_name(number),
                "tier": "coarse",
                "task": "emotion",
                "label": "happy",
                "prompt": "Which label fits?",
                "instruction": asked,
                "target": "happy",
                "messages": [{"role": "user", "content": asked}],
            }
        )
    return pa.Table.from_pylist(rows, arrow_schema(InstructionSample))


def _features(clips: int, vectors: dict[str, NDArray[np.float16]]) -> pa.Table:
    schema = arrow_schema(FeatureSet)
    parts = []
    for slot, values in vectors.items():
        offsets = np.arange(clips + 1, dtype=np.int32) * values.shape[1]
        lists = pa.ListArray.from_arrays(offsets, pa.array(values.reshape(-1), pa.float16()))
        columns = {
            "clip_id": pa.array([clip_name(n) for n in range(clips)]),
            "slot": pa.array([slot] * clips),
            "encoder": pa.array(["synthetic"] * clips),
            "made_by": pa.array([MADE_BY] * clips, schema.field("made_by").type),
            "vector": lists.cast(schema.field("vector").type),
        }
        arrays = [
            columns.get(field.name, pa.nulls(clips, field.type)).cast(field.type)
            for field in schema
        ]
        parts.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(parts)


def _file(folder: Path, path: Path) -> ReleaseFile:
    return ReleaseFile(
        path=path.relative_to(folder).as_posix(),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
        rows=pq.read_metadata(path).num_rows,
    )


def _manifest(files: list[ReleaseFile]) -> Manifest:
    return Manifest(
        name="synthetic",
        version="0.1.0",
        schema_version=SCHEMA_VERSION,
        recipe="0",
        digest=hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest(),
        parent=None,
        vocabulary="merr9",
        files=tuple(files),
        rows={},
        found={},
        states={},
        rejected={},
        failed={},
        parts=(),
        media="reference",
        engines=(),
        source_licence=None,
        licence="made up",
    )
