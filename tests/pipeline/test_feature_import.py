"""Features that others made, by the names of clips: the right ones in, all others named."""

import shutil

import numpy as np
import pytest

from flows.features import featured_json, featured_text, import_features
from flows.importing import import_merr
from flows.session import open_chain
from pipeline.feature_import import NpyFolder, read_folders
from pipeline.feature_lots import FeatureChain
from pipeline.feature_sources import FeatureLedger
from pipeline.layout import WorkFolder
from pipeline.merr_import import MerrFiles
from pipeline.settings import Settings
from schemas.errors import AnnotationError, SetupError
from tests.conftest import DEMO
from tests.pipeline.merr_house import coarse_entry, write_json
from tests.pipeline.test_featuring import Run
from tests.pipeline.workshop import Workshop, bring_about


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "HL-UTT"
    made.mkdir()
    rng = np.random.default_rng(1)
    np.save(made / "smile.npy", rng.normal(size=1024).astype(np.float32))
    np.save(made / "goodbye.npy", rng.normal(size=(1, 1024)))
    np.save(made / "rocket.npy", rng.normal(size=(7, 1024)).astype(np.float16))
    np.save(made / "stranger.npy", rng.normal(size=1024))
    return made


def rows(chain, slot="audio"):
    features = FeatureChain(chain)
    return {
        chain.names_of(row.clip_id)[0].split(" ")[0] if lot.shard else row.clip_id: row
        for lot in features.lots()
        for source in FeatureLedger.load(chain.work).sources
        if source.slot == slot
        for row in features.part(lot, source).rows
    }


def test_vectors_of_every_shape_come_in_by_name_and_say_that_they_were_imported(workshop, folder):
    done = import_features(workshop.work, [f"audio={folder}"])
    found = rows(done.chain)
    assert set(found) == {"smile.mp4", "goodbye.mp4", "rocket.mp4"}
    raw = np.load(folder / "smile.npy")
    assert np.array_equal(np.array(found["smile.mp4"].vector, np.float16), raw.astype(np.float16))
    mean = np.load(folder / "rocket.npy").astype(np.float64).mean(0)
    assert np.array_equal(np.array(found["rocket.mp4"].vector, np.float16), mean.astype(np.float16))
    row = found["goodbye.mp4"]
    assert (row.made_by.engine, row.made_by.model, row.encoder) == ("npy", None, "HL-UTT")
    assert (row.weights, row.layer, row.sampling, row.frames) == (None, None, None, None)


def test_frames_are_kept_where_they_are_asked_for(workshop, folder):
    done = import_features(workshop.work, [f"audio={folder}"], keep_frames=True)
    frames = rows(done.chain)["rocket.mp4"].frames
    assert np.array_equal(np.array(frames, np.float16), np.load(folder / "rocket.npy"))


def test_missing_files_and_strangers_are_listed(workshop, folder):
    done = import_features(workshop.work, [f"audio={folder}"])
    [books] = done.books
    assert (books.done, books.rejected, books.pending) == (3, {"no_file": 1}, 0)
    text = featured_text(done)
    assert "audio: 1 clips have no file: surprise" in text
    assert "audio: 1 files belong to no clip: stranger.npy" in text
    assert featured_json(done)["missing"] == {"audio": ["surprise"]}


def test_again_does_nothing_and_a_changed_file_is_seen(workshop, folder):
    import_features(workshop.work, [f"audio={folder}"])
    again = import_features(workshop.work, [f"audio={folder}"])
    assert again.worked == 0
    assert "nothing to do" in featured_text(again)
    np.save(folder / "smile.npy", np.ones(1024))
    changed = import_features(workshop.work, [f"audio={folder}"])
    assert changed.worked == 1
    assert set(rows(changed.chain)["smile.mp4"].vector) == {1.0}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros(512), r"smile\.npy is \[512\], expected \[1024\]"),
        (np.zeros((2, 2, 1024)), r"smile\.npy is \[2, 2, 1024\]"),
        (np.zeros((0, 1024)), r"smile\.npy is \[0, 1024\]"),
        (np.full(1024, np.nan), "NaN"),
        (np.array(["a"] * 1024), "holds <U1, expected numbers"),
    ],
)
def test_a_file_that_is_no_feature_is_named_with_what_was_found(workshop, folder, values, told):
    np.save(folder / "smile.npy", values)
    done = import_features(workshop.work, [f"audio={folder}"])
    [failure] = done.failures
    assert failure.error == "AnnotationError"
    with pytest.raises(AnnotationError, match=told):
        raise AnnotationError(failure.reason)
    assert "failed: smile.mp4" in featured_text(done)
    assert done.books[0].done == 2


def test_a_file_of_python_objects_is_never_unpickled(folder):
    np.save(folder / "smile.npy", np.array([{"a": 1}], object), allow_pickle=True)
    (folder / "goodbye.npy").write_bytes(b"no array")
    npy = NpyFolder("audio", folder)
    for name in ("smile", "goodbye"):
        with pytest.raises(AnnotationError, match="is no NumPy array of numbers"):
            npy.read(folder / f"{name}.npy")


@pytest.mark.parametrize(
    "given", [["audio"], ["sound=x"], ["audio="], ["audio=a", "audio=b"], ["audio=nowhere"]]
)
def test_what_cannot_be_read_changes_nothing(workshop, given):
    before = workshop.parts()
    with pytest.raises(SetupError):
        import_features(workshop.work, given)
    assert workshop.parts() == before
    assert not workshop.work.features.exists()


def test_each_slot_has_its_folder():
    given = list(read_folders(["audio=HL-UTT", "face=mae_340_UTT"], keep_frames=False))
    assert [(f.slot, f.path.name) for f in given] == [("audio", "HL-UTT"), ("face", "mae_340_UTT")]


def test_a_set_without_videos_takes_features_by_the_names_it_declares(tmp_path):
    work = WorkFolder(tmp_path / "work")
    entries = {f"sample_{i:08d}": coarse_entry() for i in range(3)}
    coarse = write_json(tmp_path / "coarse.json", entries)
    import_merr(work, [MerrFiles(coarse, (), None)], Settings())
    made = tmp_path / "mae_340_UTT"
    made.mkdir()
    clips = {row.name: row.clip_id for row in open_chain(work).imports.coarse}
    names = sorted(clips)
    for i, name in enumerate(names[1:]):
        np.save(made / f"{name}.npy", np.full(1024, i))
    done = import_features(work, [f"face={made}"])
    found = rows(done.chain, "face")
    assert {clips[name]: float(i) for i, name in enumerate(names[1:])} == {
        clip_id: row.vector[0] for clip_id, row in found.items()
    }
    assert featured_json(done)["missing"] == {"face": names[:1]}


@pytest.mark.slow
def test_parts_of_a_film_pictures_and_silence_get_what_they_have_and_no_more(pool, tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("smile.mp4", "silent.mp4", "portrait.jpg"):
        shutil.copy(DEMO / name, sources)
    spans = "name,start,end\nsmile.mp4,0,0.8\nsmile.mp4,0.8,1.6\n"
    (sources / "spans.csv").write_text(spans)
    made = Workshop(sources, WorkFolder(tmp_path / "work"))
    bring_about(made.open(), pool)
    run = Run(made.open(), pool)()
    books = run.books()
    assert books["motion"].rejected == {"still": 1}
    assert books["audio"].rejected == {"no_audio": 2}
    assert (books["face"].done, books["motion"].done, books["audio"].done) == (4, 3, 2)
    folder = tmp_path / "HL-UTT"
    folder.mkdir()
    for name in ("smile", "silent"):
        np.save(folder / f"{name}.npy", np.ones(1024))
    done = import_features(made.work, [f"audio={folder}"])
    told = {books.slot: books.rejected for books in done.books}
    assert told["audio"] == {"part_of_video": 2, "no_file": 1}
