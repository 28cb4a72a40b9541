"""What a run has of the pictures: cached grids, or frames that EVA sees while it trains."""

import io
import shutil

import numpy as np
import pyarrow as pa
import pytest

from schemas.errors import SetupError
from schemas.grid import write_grid
from schemas.parquet import write_table
from tests.trainer.small_release import relist
from trainer.data import load
from trainer.frames import open_frames
from trainer.recipe_file import load_recipe
from trainer.release import open_release

Image = pytest.importorskip("PIL.Image", reason="the extra `train` is not installed")
FEW = ["run.visits=49", "run.validate_every=100"]


def jpeg(shade):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 40, 90)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def pictured(small, tmp_path_factory):
    """The small release with a peak frame of every clip to train on but the first."""
    folder = tmp_path_factory.mktemp("pictured") / "small" / "0.2.0"
    shutil.copytree(small, folder)
    rows = [
        {
            "clip_id": f"clip{number:04d}",
            "peak_frame": {"bytes": jpeg(number), "path": "x"} if number else None,
            "first_frame": {"bytes": None, "path": "x"},
        }
        for number in range(16)
    ]
    write_table(folder / "evidence" / "train-00000-of-00001.parquet", pa.Table.from_pylist(rows))
    return relist(folder)


@pytest.fixture(scope="module")
def eva(tmp_path_factory):
    """The folder of a tiny random EVA."""
    transformers = pytest.importorskip("transformers", reason="the extra `train` is not there")
    config = transformers.Blip2VisionConfig(
        image_size=28,
        patch_size=7,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.02,
    )
    folder = tmp_path_factory.mktemp("eva")
    transformers.Blip2VisionModel(config).save_pretrained(folder)
    return folder


def test_frames_are_those_of_the_release_to_the_byte(pictured, tmp_path):
    frames = open_frames(open_release(pictured), tmp_path, "peak")
    assert len(frames.place) == 15
    assert "clip0000" not in frames
    assert frames.jpeg("clip0009") == jpeg(9)


def test_a_release_that_only_points_at_media_has_nothing_to_see(pictured, tmp_path):
    with pytest.raises(SetupError, match="embeds no pictures"):
        open_frames(open_release(pictured), tmp_path, "first")


@pytest.mark.slow
@pytest.mark.model
def test_eva_sees_frames_in_training_and_is_not_copied_into_the_run(
    pictured, eva, tiny_llm, tmp_path
):
    from trainer.generate import Question, generate
    from trainer.open_model import open_model
    from trainer.train import Request, train
    from trainer.vision import pixels_of

    settings = [*FEW, f"model.eyes={eva}", "model.grid=true", "model.adapter=lora"]
    recipe = load_recipe("demo", [*settings, f"model.llm={tiny_llm}"])
    said = []
    request = Request(pictured, recipe, tmp_path / "run", tmp_path / "cache")
    train(request, said.append)
    assert "grid 94%, face 100%, motion 100%, audio 94%, image 94%" in said[0]
    assert all("vision" not in name for name in stored(tmp_path / "run" / "model"))
    trained = open_model(tmp_path / "run")
    assert (trained.trained_on.eyes, trained.trained_on.frame) == (str(eva), "peak")
    assert not trained.trained_on.grid
    sample = load(pictured, cache=tmp_path / "cache")[3]
    ids = trained.maker.prompt(sample.instruction, [*sample.features, "grid", "image"]).ids
    assert ids.count(-1) == 4
    question = Question(ids, sample.features, pixels_of(jpeg(1), 28))
    assert len(generate(trained.model, trained.tokenizer, [question], max_new_tokens=3)) == 1


def stored(folder):
    from safetensors import safe_open

    with safe_open(folder / "adapter_model.safetensors", "pt") as file:
        return list(file.keys())


@pytest.mark.slow
@pytest.mark.model
def test_cached_grids_go_in_and_those_of_other_clips_are_refused(small, tmp_path):
    pytest.importorskip("accelerate", reason="the extra `train` is not installed")
    from trainer.train import Request, train

    grid = tmp_path / "grids"
    kind = {"encoder": "eva", "weights": "w", "layer": "last"}
    with write_grid(grid, **kind) as add:
        for number in range(8):
            add(f"clip{number:04d}", np.full((8, 6), number, np.float16))
    recipe = load_recipe("demo", [*FEW, "model.grid=true"])
    said = []
    train(Request(small, recipe, tmp_path / "run", tmp_path / "cache", grid), said.append)
    assert "grid 50%" in said[0]
    with write_grid(tmp_path / "others", **kind) as add:
        add("nobody", np.zeros((8, 6)))
    request = Request(small, recipe, tmp_path / "x", tmp_path / "cache", tmp_path / "others")
    with pytest.raises(SetupError, match=r"holds no clip of small 0\.1\.0"):
        train(request, said.append)
