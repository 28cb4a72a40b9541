"""`merr features` as a command: tiny encoders from their files, kills, exit codes, messages."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from flows.features import make_features
from flows.guard import DONE, SETUP, SOME_FAILED
from pipeline.feature_lots import FeatureChain, feature_parts
from pipeline.feature_sources import FeatureLedger
from schemas.errors import SetupError
from schemas.features import SLOTS, FeatureSet
from schemas.grid import PatchGrid
from schemas.parquet import read_rows
from tests.pipeline.test_featuring import SMALL

HAS_TORCH = find_spec("transformers") is not None
NO_TORCH = pytest.mark.skipif(not HAS_TORCH, reason="needs the extra `train`")


def merr(*words, check=None, **options):
    command = [sys.executable, "-c", "from flows.cli import main; main()", "features", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, **options
    )
    if check is not None:
        assert done.returncode == check, done.stderr
    return done


def chosen(engine, **slots):
    """--set for every slot."""
    return [
        word
        for slot in SLOTS
        for word in ("--set", f"features.{slot}.engine={slots.get(slot, engine)}")
    ]


@pytest.mark.slow
def test_the_command_makes_them_says_so_and_then_has_nothing_to_do(workshop):
    work = str(workshop.work.root)
    done = merr(work, *chosen("small"), check=DONE)
    assert "face            4       3         1" in done.stdout
    assert "face_features: 4/4, 1 rejected" in done.stderr  # progress
    again = merr(work, *chosen("small"), "--json", check=DONE)
    told = json.loads(again.stdout)
    assert told["worked"] == 0
    assert {slot["slot"]: slot["pending"] for slot in told["slots"]} == dict.fromkeys(SLOTS, 0)


@pytest.mark.slow
def test_what_is_wrong_is_one_line_and_the_code_for_set_up(workshop, tmp_path):
    work = str(workshop.work.root)
    for words, told in (
        ([str(tmp_path / "no")], "is no work folder"),
        ([work, *chosen("none")], "no encoder is chosen"),
        ([work, "--set", "peak.k=3"], "only features.* can be set here"),
        ([work, *chosen("none", audio="hubert"), "--set", "features.audio.hubert.model=a/b"],
         "hubert: "),
        ([work, "--npy", f"audio={tmp_path}"], "holds no .npy file"),
    ):  # fmt: skip
        done = merr(*words, check=SETUP)
        assert told in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not workshop.work.features.exists()


@pytest.mark.slow
def test_a_file_of_another_shape_ends_with_the_code_for_some_failed(workshop, tmp_path):
    np.save(tmp_path / "smile.npy", np.zeros(3))
    np.save(tmp_path / "surprise.npy", np.zeros(4))
    np.save(tmp_path / "goodbye.npy", np.zeros(4))
    done = merr(str(workshop.work.root), "--npy", f"audio={tmp_path}", check=SOME_FAILED)
    assert "failed: smile.mp4" in done.stdout
    assert "audio_features: smile.npy is [3], expected [4]" in done.stdout


def test_without_a_choice_of_its_own_the_run_takes_the_builds_settings(workshop):
    workshop.open(features={slot: getattr(SMALL, slot) for slot in SLOTS})
    assert [books.done for books in make_features(workshop.work).books] == [3, 3, 4, 3]


def test_other_slots_stay_as_they_were(workshop):
    make_features(workshop.work, SMALL)
    alone = SMALL.model_copy(
        update={
            slot: getattr(SMALL, slot).model_copy(update={"engine": "none"})
            for slot in ("audio", "motion", "image")
        }
    )
    make_features(workshop.work, alone)
    assert len(FeatureLedger.load(workshop.work).sources) == 4


# ---- tiny encoders, through their files


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """--set that chooses four tiny encoders."""
    from tests.annotators.models.tiny_encoders import tiny_eva, tiny_hubert, tiny_mae, tiny_videomae

    folder = tmp_path_factory.mktemp("weights")
    models = {
        "audio.hubert": tiny_hubert(folder / "hubert"),
        "face.mae": tiny_mae(folder / "mae"),
        "motion.videomae": tiny_videomae(folder / "videomae"),
        "image.eva": tiny_eva(folder / "eva"),
    }
    words = [w for name, at in models.items() for w in ("--set", f"features.{name}.model={at}")]
    return [*words, "--set", "features.image.eva.grid=true", "--set", "features.frame_level=true"]


def rows(workshop):
    return {
        (row.clip_id, row.slot): row
        for _, _, path in feature_parts(workshop.open())
        for row in read_rows(path, FeatureSet)
    }


@NO_TORCH
@pytest.mark.slow
@pytest.mark.model
def test_real_loading_code_fills_every_slot_and_says_what_made_it(workshop, tiny):
    done = merr(str(workshop.work.root), *tiny, check=DONE)
    assert "patch grids are in" in done.stdout
    made = rows(workshop)
    assert len(made) == 3 + 3 + 3 + done_audio(workshop)
    for (_, slot), row in made.items():
        assert len(row.vector) == 16
        assert len(row.weights) == 64
        assert "cpu float32" in row.made_by.model
        assert (row.frames is None) == (slot == "image")
        if row.frames is not None and slot == "face":
            mean = np.array(row.frames).mean(0)
            np.testing.assert_allclose(mean, row.vector, atol=2e-3)
    motion = next(row for (_, slot), row in made.items() if slot == "motion")
    assert "use_mean_pooling false" in motion.layer
    features = FeatureChain(workshop.open())
    [eva] = [s for s in FeatureLedger.load(workshop.work).sources if s.slot == "image"]
    grid = PatchGrid.open(features.grid_folder(eva))
    assert grid.shape == (1024, 16)
    assert set(grid.clip_ids) == {clip_id for clip_id, slot in made if slot == "image"}
    assert "nothing to do" in merr(str(workshop.work.root), *tiny, check=DONE).stdout


def done_audio(workshop):
    return sum(slot == "audio" for _, slot in rows(workshop))


@NO_TORCH
@pytest.mark.slow
@pytest.mark.model
def test_a_run_that_is_killed_goes_on_where_it_was_and_gives_the_same_bytes(
    workshop, tiny, tmp_path
):
    other = workshop.copy_to(tmp_path / "other")
    merr(str(other.work.root), *tiny, check=DONE)
    undisturbed = other.parts()
    words = ["-c", "from flows.cli import main; main()", "features", str(workshop.work.root), *tiny]
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL)
    parts = workshop.work.root / "parts"
    while process.poll() is None and not list(parts.glob("*_features/*.parquet")):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    made = len(list(parts.glob("*_features/*.parquet")))
    assert 1 <= made <= 4
    merr(str(workshop.work.root), *tiny, check=DONE)
    assert workshop.parts() == undisturbed
    assert list(workshop.work.scratch.iterdir()) == []


@NO_TORCH
@pytest.mark.slow
@pytest.mark.model
def test_cuda_where_there_is_none_stops_before_anything_starts(workshop, tiny):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    done = merr(str(workshop.work.root), *tiny, "--set", "features.device=cuda", check=SETUP)
    assert "finds no such device" in done.stderr
    assert not workshop.work.features.exists()


@pytest.mark.skipif(HAS_TORCH, reason="torch is here")
def test_without_torch_the_extra_is_named(workshop):
    with pytest.raises(SetupError, match=r"-e '\.\[train\]'"):
        make_features(workshop.work)
