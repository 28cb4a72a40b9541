"""Tables of a release: `<table>/<split>-00000-of-000NN.parquet`, the layout of the hub."""

import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from schemas.arrow import arrow_schema
from schemas.parquet import table_of, write_table
from schemas.units import Row

ROWS_PER_FILE: Final = {"evidence": 1_000}  # holds pictures and sound: about 130 kB a row
_MANY: Final = 50_000

_IMAGES: Final = ("peak_frame", "first_frame", "middle_frame", "face")
_WORDS = {
    pa.string(): "string",
    pa.int64(): "int64",
    pa.int32(): "int32",
    pa.float64(): "float64",
    pa.float32(): "float32",
    pa.float16(): "float16",
    pa.bool_(): "bool",
    pa.binary(): "binary",
}


class TableWriter:
    """Takes rows in order and writes files of a bounded size; `finish` gives them their names."""

    def __init__(self, folder: Path, row: type[Row], *, pictures: bool = True) -> None:
        """`pictures`: whether the rows hold them; a reader would seek those that lie elsewhere."""
        self._folder = folder
        self._row = row
        self._pictures = pictures
        self._limit = ROWS_PER_FILE.get(folder.name, _MANY)
        self._waiting: dict[str, list[Row]] = {}
        self._written: dict[str, list[Path]] = {}
        self.rows = 0

    def add(self, split: str, row: Row) -> None:
        waiting = self._waiting.setdefault(split, [])
        waiting.append(row)
        self.rows += 1
        if len(waiting) == self._limit:
            self._flush(split)

    def finish(self) -> list[Path]:
        for split in sorted(self._waiting):
            if self._waiting[split]:
                self._flush(split)
        return [path for split in sorted(self._written) for path in self._named(split)]

    def _flush(self, split: str) -> None:
        files = self._written.setdefault(split, [])
        path = self._folder / f"{split}-{len(files):05d}.parquet"
        schema = hub_schema(arrow_schema(self._row))
        metadata = {"huggingface": json.dumps({"info": {"features": self._features(schema)}})}
        write_table(path, table_of(self._waiting[split], self._row).cast(schema), metadata)
        files.append(path)
        self._waiting[split] = []

    def _features(self, schema: pa.Schema) -> dict[str, Any]:
        return hub_features(schema, pictures=self._pictures)

    def _named(self, split: str) -> list[Path]:
        files = self._written[split]
        names = [f"{split}-{i:05d}-of-{len(files):05d}.parquet" for i in range(len(files))]
        return [path.rename(path.with_name(name)) for path, name in zip(files, names, strict=True)]


def hub_schema(schema: pa.Schema) -> pa.Schema:
    """The hub takes a column for a picture only where both of its fields are nullable."""
    fields = [
        field.with_type(pa.struct([inner.with_nullable(True) for inner in field.type]))
        if field.name in _IMAGES
        else field
        for field in schema
    ]
    return pa.schema(fields, schema.metadata)


def hub_features(schema: pa.Schema, *, pictures: bool) -> dict[str, Any]:
    """The `datasets` library's description of these columns, so that pictures open as pictures."""
    images = _IMAGES if pictures else ()
    return {
        field.name: {"_type": "Image"} if field.name in images else _feature(field.type)
        for field in schema
    }


def _feature(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return {"dtype": _WORDS[kind], "_type": "Value"}
