"""Utterance features of a release, read columnar: one float16 matrix per slot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import SetupError
from trainer.release import Release, read_shards

SLOTS: Final = ("face", "motion", "audio", "image")  # in the order of schemas.features.Slot


@dataclass(frozen=True)
class SlotTable:
    encoder: str
    clip_ids: tuple[str, ...]
    rows: NDArray[np.float16]  # [clips, width]


def read_features(release: Release, encoders: Mapping[str, str]) -> dict[str, SlotTable]:
    """Slot -> features of all splits; a slot without features is not there.

    SetupError where a slot has several encoders and `encoders` does not choose, or chooses one
    that is not there.
    """
    columns = ("clip_id", "slot", "encoder", "vector")
    tables = [table for _, table in read_shards(release, "features", columns)]
    if not tables:
        _check_chosen(encoders, {})
        return {}
    whole = pa.concat_tables([t.select(list(columns)) for t in tables])
    found = _encoders(whole)
    _check_chosen(encoders, found)
    return {
        slot: _slot_table(whole, slot, encoders.get(slot) or _only(slot, found[slot]))
        for slot in SLOTS
        if slot in found
    }


def _encoders(table: pa.Table) -> dict[str, list[str]]:
    pairs = table.group_by(["slot", "encoder"]).aggregate([]).to_pylist()
    found: dict[str, list[str]] = {}
    for pair in sorted(pairs, key=lambda p: (p["slot"], p["encoder"])):
        found.setdefault(pair["slot"], []).append(pair["encoder"])
    return found


def _check_chosen(encoders: Mapping[str, str], found: Mapping[str, list[str]]) -> None:
    for slot, encoder in encoders.items():
        if encoder not in found.get(slot, []):
            there = ", ".join(found.get(slot, [])) or "none"
            raise SetupError(
                f"data.encoders.{slot}: the release has no features of {encoder!r} there; it has: "
                f"{there}"
            )


def _only(slot: str, found: list[str]) -> str:
    if len(found) > 1:
        raise SetupError(
            f"slot {slot}: the release has features of {', '.join(found)}; say which, e.g. "
            f"--set data.encoders.{slot}={found[0]}"
        )
    return found[0]


def _slot_table(table: pa.Table, slot: str, encoder: str) -> SlotTable:
    mine = table.filter((pc.field("slot") == slot) & (pc.field("encoder") == encoder))
    mine = mine.combine_chunks()
    clip_ids = tuple(mine.column("clip_id").to_pylist())
    if len(set(clip_ids)) < len(clip_ids):
        raise SetupError(f"slot {slot}: a clip has two feature rows of {encoder}; publish again")
    return SlotTable(encoder, clip_ids, _matrix(mine.column("vector"), slot))


def _matrix(column: pa.ChunkedArray, slot: str) -> NDArray[np.float16]:
    """The list column as [rows, width]; the bits are those of the file."""
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.chunk(0)
    widths = pc.list_value_length(lists).unique().to_pylist()
    if len(widths) != 1:
        raise SetupError(f"slot {slot}: vectors of widths {sorted(widths)}; one encoder has one")
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    if flat.dtype != np.float16:
        raise SetupError(f"slot {slot}: vectors are {flat.dtype}, expected float16")
    return np.ascontiguousarray(flat).reshape(-1, widths[0])
