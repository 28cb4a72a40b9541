"""Features in a release: a config of its own, split like the samples, bit for bit."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.features import import_features, make_features
from flows.importing import import_merr
from flows.session import open_chain
from pipeline.feature_lots import feature_parts
from pipeline.feature_sources import FeatureLedger
from pipeline.layout import WorkFolder
from pipeline.licences import whole_licence
from pipeline.merr_import import MerrFiles
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.settings import Settings
from pipeline.verify import verify
from schemas.errors import SetupError
from schemas.features import SLOTS, FeatureSet
from schemas.parquet import read_rows
from tests.pipeline.merr_house import coarse_entry, write_json
from tests.pipeline.test_featuring import SMALL

NAME = {"name": "demo", "version": "0.1.0"}


@pytest.fixture(scope="module")
def featured(built, tmp_path_factory):
    """A work folder with small features."""
    made = built.copy_to(tmp_path_factory.mktemp("featured"))
    make_features(made.work, SMALL)
    return made


@pytest.fixture(scope="module")
def release(featured, tmp_path_factory):
    return publish(featured.open(), to=tmp_path_factory.mktemp("to"), **NAME).folder


def table_of(folder):
    return pa.concat_tables(
        [pq.ParquetFile(path).read() for path in sorted((folder / "features").iterdir())]
    )


def test_every_released_clip_has_its_features_in_the_split_of_its_samples(release):
    assert verify(release) == []
    for path in (release / "coarse").iterdir():
        clips = set(pq.read_table(path)["clip_id"].to_pylist())
        features = pq.read_table(release / "features" / path.name)
        assert set(features["clip_id"].to_pylist()) == clips
        assert set(features["slot"].to_pylist()) == set(SLOTS)
    manifest = read_manifest(release)
    assert manifest.rows["features"] == 12
    assert [u.engine for u in manifest.engines if u.stage == "features"] == ["small"]
    assert sum("_features/" in part for part in manifest.parts) == 4


def test_vectors_are_those_of_the_parts_bit_for_bit(release, featured):
    made = {
        (row.clip_id, row.slot): row
        for _, _, path in feature_parts(featured.open())
        for row in read_rows(path, FeatureSet)
    }
    table = table_of(release)
    assert table.schema.field("vector").type.value_type == pa.float16()
    for row in [r for p in (release / "features").iterdir() for r in read_rows(p, FeatureSet)]:
        assert row == made[row.clip_id, row.slot]


@pytest.mark.filterwarnings("default")
def test_load_dataset_opens_the_config_with_its_16_bits(release, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    import datasets

    datasets.disable_progress_bars()
    found = datasets.load_dataset(str(release), "features", cache_dir=str(tmp_path / "cache"))
    split = next(iter(found.values()))
    assert split.features["vector"].feature.dtype == "float16"
    read = {
        (row["clip_id"], row["slot"]): np.array(row["vector"], np.float16).tobytes()
        for part in found.values()
        for row in part.with_format("numpy")
    }
    wanted = {
        (row["clip_id"], row["slot"]): np.array(row["vector"], np.float16).tobytes()
        for row in table_of(release).to_pylist()
    }
    assert read == wanted


def test_a_release_without_features_has_no_such_files_and_no_such_config(built, tmp_path):
    folder = publish(built.open(), to=tmp_path, **NAME).folder
    assert not (folder / "features").exists()
    assert "config_name: features" not in (folder / "README.md").read_text()
    assert read_manifest(folder).rows["features"] == 0


def test_publishing_again_does_nothing_and_features_that_came_are_a_minor_step(
    workshop, release, tmp_path
):
    publish(workshop.open(), to=tmp_path, **NAME)
    make_features(workshop.work, SMALL)
    with pytest.raises(SetupError, match="minor change"):
        publish(workshop.open(), to=tmp_path, name="demo", version="0.1.1")
    new = publish(workshop.open(), to=tmp_path, name="demo", version="0.2.0")
    assert not publish(workshop.open(), to=tmp_path, name="demo", version="0.2.0").new
    assert new.manifest.rows == read_manifest(release).rows


def test_features_that_are_not_made_yet_are_waited_for(workshop, tmp_path):
    make_features(workshop.work, SMALL)
    [(_, _, path), *_] = feature_parts(workshop.open())
    path.unlink()
    with pytest.raises(SetupError, match=r"features of 4 clips \(face\) are not made yet"):
        publish(workshop.open(), to=tmp_path, **NAME)
    published = publish(workshop.open(), to=tmp_path, unfinished=True, **NAME)
    assert published.manifest.rows["features"] == 9


def test_a_declared_set_is_published_with_imported_features(tmp_path):
    work = WorkFolder(tmp_path / "work")
    entries = {f"sample_{i:08d}": coarse_entry() for i in range(4)}
    coarse = write_json(tmp_path / "coarse.json", entries)
    import_merr(work, [MerrFiles(coarse, (), None)], Settings())
    folder = tmp_path / "HL-UTT"
    folder.mkdir()
    for i, name in enumerate(entries):
        np.save(folder / f"{name}.npy", np.full((1, 1024), i / 3))
    import_features(work, [f"audio={folder}"])
    published = publish(open_chain(work), to=tmp_path / "to", name="merr", version="0.1.0")
    assert verify(published.folder) == []
    assert published.manifest.rows["features"] == 4
    assert "licence of the weights is not known" in published.manifest.licence
    rows = {row["clip_id"]: row for row in table_of(published.folder).to_pylist()}
    for row in open_chain(work).imports.coarse:
        number = int(row.name[-1])
        assert rows[row.clip_id]["vector"] == [float(np.float16(number / 3))] * 1024
        assert rows[row.clip_id]["made_by"]["engine"] == "npy"


def test_a_damaged_ledger_is_told(tmp_path):
    work = WorkFolder(tmp_path)
    work.features.write_text("{")
    with pytest.raises(SetupError, match="is damaged"):
        FeatureLedger.load(work)


def test_licences_that_nobody_knows_are_said(release):
    used = read_manifest(release).engines
    unknown = used[0].model_copy(update={"engine": "hubert", "licence": "not known of them"})
    strict = used[0].model_copy(update={"engine": "mae", "non_commercial": True})
    told = whole_licence("CC0-1.0", [*used, unknown, strict])
    assert "rows made by mae: research only" in told
    assert "features by hubert: the licence of the weights is not known" in told
    assert "no engine adds" not in told
