"""Samples out of a release: exact texts and bits, cached once per digest."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from schemas.errors import SetupError
from tests.trainer.small_release import feature, instruction, synthetic, write_release
from trainer.data import load


def rows(release, table, split):
    return pq.read_table(release / table / f"{split}-00000-of-00001.parquet").to_pylist()


def test_texts_and_vectors_are_those_of_the_release_to_the_bit(small, cache):
    samples = load(small, cache=cache, split="train")
    said = rows(small, "instructions", "train")
    vectors = {
        (row["clip_id"], row["slot"]): np.asarray(row["vector"], np.float16)
        for row in rows(small, "features", "train")
    }
    assert len(samples) == len(said)
    for sample, row in zip(samples, said, strict=True):
        for name in ("sample_id", "clip_id", "tier", "task", "label", "instruction", "target"):
            assert getattr(sample, name) == row[name]
        for slot, vector in sample.features.items():
            assert vector.dtype == np.float16
            assert vector.tobytes() == vectors[sample.clip_id, slot].tobytes()


def test_a_clip_without_sound_has_no_vector_of_it_and_not_one_of_zeros(small, cache):
    samples = load(small, cache=cache, split="train")
    without = {s.clip_id for s in samples if "audio" not in s.features}
    assert without == {"clip0015"}
    assert all({"face", "motion"} <= set(s.features) for s in samples)


def test_splits_are_kept_apart(small, cache):
    held = load(small, cache=cache, split="val")
    assert set(held.column("split")) == {"val"}
    assert len(load(small, cache=cache)) == len(held) + len(load(small, cache=cache, split="train"))


def test_a_release_is_made_ready_once_and_another_one_anew(small, tmp_path):
    load(small, cache=tmp_path / "cache")
    [made] = (tmp_path / "cache").iterdir()
    before = {path.name: path.stat().st_mtime_ns for path in made.iterdir()}
    load(small, cache=tmp_path / "cache")
    assert {path.name: path.stat().st_mtime_ns for path in made.iterdir()} == before
    load(synthetic(tmp_path / "other" / "0.1.0", clips=3), cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_cache_that_was_not_finished_is_made_again(small, tmp_path):
    load(small, cache=tmp_path)
    [made] = tmp_path.iterdir()
    (made / "complete").unlink()
    (made / "face.f16").write_bytes(b"cut")
    assert load(small, cache=tmp_path)[0].features["face"].shape == (16,)


def test_a_shard_that_was_changed_is_refused(small, tmp_path):
    copy = tmp_path / "small" / "0.1.0"
    shutil.copytree(small, copy)
    path = copy / "features" / "train-00000-of-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(SetupError, match="the manifest says"):
        load(copy, cache=tmp_path / "cache")


def test_of_two_encoders_in_a_slot_one_has_to_be_chosen(tmp_path):
    asked = [instruction("a", tier="coarse", task="emotion", label="sad", target="sad")]
    both = [feature("a", "image", [1.0], "clip"), feature("a", "image", [2.0], "eva")]
    release = write_release(tmp_path / "r" / "0.1.0", {"train": asked}, {"train": both})
    with pytest.raises(SetupError, match="features of clip, eva; say which"):
        load(release, cache=tmp_path)
    with pytest.raises(SetupError, match=r"no features of 'dino' there; it has: clip, eva"):
        load(release, cache=tmp_path, encoders={"image": "dino"})
    samples = load(release, cache=tmp_path, encoders={"image": "eva"})
    assert samples[0].features["image"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("clips", "vectors", "said"),
    [("ab", ([1.0], [1.0, 2.0]), "widths"), ("aa", ([1.0], [2.0]), "two feature rows")],
)
def test_vectors_of_different_widths_and_clips_told_twice_are_refused(
    clips, vectors, said, tmp_path
):
    asked = [instruction("a", tier="coarse", task="emotion", label="sad", target="sad")]
    wrong = [feature(clip, "face", vector) for clip, vector in zip(clips, vectors, strict=True)]
    release = write_release(tmp_path / "r" / "0.1.0", {"train": asked}, {"train": wrong})
    with pytest.raises(SetupError, match=said):
        load(release, cache=tmp_path)


def test_what_is_no_release_or_one_of_another_major_is_refused(small, tmp_path):
    with pytest.raises(SetupError, match="is not a release"):
        load(tmp_path, cache=tmp_path)
    copy = tmp_path / "small" / "0.1.0"
    shutil.copytree(small, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema_version": "9.0"}))
    with pytest.raises(SetupError, match="schema version 9"):
        load(copy, cache=tmp_path)


def test_a_release_without_instructions_has_nothing_to_train_on(tmp_path):
    release = write_release(tmp_path / "r" / "0.1.0", {}, {"train": [feature("a", "face", [1.0])]})
    with pytest.raises(SetupError, match="nothing to train on"):
        load(release, cache=tmp_path)
