"""A release of version 1.0 of the schema, kept as it was: every later minor version opens it."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.release_folder import MANIFEST, read_manifest
from pipeline.release_tables import TABLES
from pipeline.tables import hub_schema
from pipeline.verify import verify
from schemas.arrow import SCHEMA_VERSION, arrow_schema
from schemas.parquet import read_metadata, read_rows

GOLDEN = Path(__file__).parent / "0.1.0"
FILES = sorted(GOLDEN.glob("*/*.parquet"))
LATER = {"features"}  # tables that came with a later minor version
THEN = tuple(table for table in TABLES if table not in LATER)


@pytest.fixture(scope="module")
def rows():
    found = {table: [] for table in THEN}
    for path in FILES:
        found[path.parent.name] += read_rows(path, TABLES[path.parent.name])
    return found


def test_the_golden_release_is_whole_and_small():
    assert verify(GOLDEN) == []
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 300_000


def test_every_table_of_then_is_one_of_today_and_opens(rows):
    manifest = read_manifest(GOLDEN)
    assert {table: len(found) for table, found in rows.items()} == manifest.rows
    assert all(rows.values())


def test_what_it_says_is_what_was_published(rows):
    labels = {row.name: row.pseu_emotion for row in rows["coarse"]}
    assert labels == {"smile.mp4": "happy", "sad.mp4": "sad"}
    assert {row.name for row in rows["fine"]} == {"smile.mp4", "sad.mp4"}
    states = {row.id: (row.state, row.reason) for row in rows["books"] if row.subject == "file"}
    assert states == {
        "broken.mp4": ("failed", "DecodeError"),
        "rocket.mp4": ("rejected", "no_face"),
        "sad.mp4": ("released", None),
        "smile.mp4": ("released", None),
    }


def test_its_pictures_and_its_sound_are_still_there(rows):
    for record in rows["evidence"]:
        for media in (record.peak_frame, record.first_frame, record.middle_frame, record.face):
            picture = cv2.imdecode(np.frombuffer(media.bytes, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape[1] in (64, 128)
        assert record.audio.bytes.startswith(b"OggS")


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_inside_a_major_version_columns_only_come_and_may_be_empty(path):
    """A column keeps its type and never becomes stricter; what is new is nullable."""
    table = TABLES[path.parent.name]
    old, new = pq.read_schema(path), hub_schema(arrow_schema(table))
    assert read_metadata(path)["schema_version"].split(".")[0] == SCHEMA_VERSION.split(".")[0]
    for field in old:
        today = new.field(field.name)
        assert today.type == field.type
        assert today.nullable or not field.nullable
    for name in set(new.names) - set(old.names):
        assert new.field(name).nullable
        assert not table.model_fields[name].is_required()


@pytest.mark.parametrize("table", THEN)
def test_pandas_opens_it(table, rows):
    assert len(pd.read_parquet(GOLDEN / table)) == len(rows[table])


def test_the_manifest_of_then_is_a_manifest_of_today():
    manifest = read_manifest(GOLDEN)
    assert (manifest.name, manifest.version) == ("golden", "0.1.0")
    assert (GOLDEN / MANIFEST).stat().st_size < 10_000
