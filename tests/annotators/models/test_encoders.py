"""Encoders through their real files and the real loading code, against direct calls."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from annotators.features import MOTION_FRAMES
from annotators.models.encoder_clip import load_clip, load_siglip
from annotators.models.encoder_eva import load_eva
from annotators.models.encoder_files import find_encoder, weight_files
from annotators.models.encoder_hubert import load_hubert
from annotators.models.encoder_mae import load_mae
from annotators.models.encoder_torch import Runtime
from annotators.models.encoder_videomae import layer_of, load_videomae
from schemas.errors import AnnotationError, SetupError
from tests.annotators.models.tiny_encoders import (
    tiny_clip,
    tiny_eva,
    tiny_hubert,
    tiny_mae,
    tiny_siglip,
    tiny_videomae,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(find_spec("transformers") is None, reason="needs the extra `train`"),
]

RUN = Runtime("engine", batch=2)
NEAR = {"rtol": 0, "atol": 5e-5}  # in 64 bits they agree to 1e-14; so narrow norms lose digits


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def sounds(rng):
    return [rng.normal(scale=0.1, size=n).astype(np.float32) for n in (9_000, 4_321, 16_000)]


@pytest.fixture(scope="module")
def faces(rng):
    return [rng.integers(0, 256, (n, 224, 224, 3), np.uint8) for n in (3, 1, 20)]


@pytest.fixture(scope="module")
def pictures(rng):
    return [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((90, 160), (64, 64), (120, 50))]


def files(folder, **options):
    return find_encoder(str(folder), engine="engine", **options)


def hubert(folder, **options):
    return load_hubert(files(folder), RUN, **({"keep_frames": False} | options))


# ---- HuBERT


def test_hubert_is_the_mean_of_the_last_hidden_state_of_each_sound_alone(tmp_path, sounds):
    import torch
    from transformers import HubertModel, Wav2Vec2FeatureExtractor

    folder = tiny_hubert(tmp_path / "h")
    model = HubertModel.from_pretrained(folder).eval()
    processor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    encoded = hubert(folder, keep_frames=True)(sounds)
    for sound, found in zip(sounds, encoded, strict=True):
        values = processor(sound, sampling_rate=16_000, return_tensors="pt").input_values
        with torch.no_grad():
            state = model(values).last_hidden_state[0].numpy()
        assert found.frames.shape == state.shape  # padding of the batch is in nobody's mean
        np.testing.assert_allclose(found.frames, state, **NEAR)
        np.testing.assert_allclose(found.vector, state.mean(0), **NEAR)


def test_batched_is_as_one_by_one_also_where_the_norm_spans_the_time(tmp_path, sounds):
    for norm in ("layer", "group"):
        encode = hubert(tiny_hubert(tmp_path / norm, norm=norm))
        alone = [encode([sound])[0].vector for sound in sounds]
        together = [found.vector for found in encode(sounds)]
        np.testing.assert_allclose(together, alone, **NEAR)


def test_a_sound_too_short_for_one_frame_is_padded_with_silence(tmp_path):
    encode = hubert(tiny_hubert(tmp_path), keep_frames=True)
    assert encode.least_samples == 400
    for samples in (1, 399, 400):
        [found] = encode([np.full(samples, 0.1, np.float32)])
        assert found.frames.shape == (1, 16)
        assert np.isfinite(found.vector).all()


def test_weights_in_the_old_form_of_torch_are_loaded_too(tmp_path, sounds):
    import torch
    from safetensors.torch import load_file

    folder = tiny_hubert(tmp_path)
    wanted = hubert(folder)(sounds)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    for old, new in zip(wanted, hubert(folder)(sounds), strict=True):
        np.testing.assert_array_equal(old.vector, new.vector)


# ---- MAE and VideoMAE


def test_mae_sees_every_patch_in_its_order_and_means_over_patches_and_faces(tmp_path, faces):
    import torch
    from transformers import ViTMAEModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    folder = tiny_mae(tmp_path)
    model = ViTMAEModel.from_pretrained(folder, mask_ratio=0.0).eval()
    processor = ViTImageProcessorPil.from_pretrained(folder)
    encoded = load_mae(files(folder), RUN, keep_frames=True)(faces)
    for clip, found in zip(faces, encoded, strict=True):
        pixels = processor(list(clip), return_tensors="pt").pixel_values
        with torch.no_grad():
            states = model(pixels).last_hidden_state
        assert states.shape[1] == 17  # 16 patches and CLS: nothing dropped
        wanted = states[:, 1:].mean(1).numpy()
        np.testing.assert_allclose(found.frames, wanted, **NEAR)
        np.testing.assert_allclose(found.vector, wanted.mean(0), **NEAR)


def test_mae_gives_the_same_bytes_twice(tmp_path, faces):
    encode = load_mae(files(tiny_mae(tmp_path)), RUN, keep_frames=False)
    first, second = encode(faces), encode(faces)
    for a, b in zip(first, second, strict=True):
        assert a.vector.tobytes() == b.vector.tobytes()
        assert a.frames is None


@pytest.mark.parametrize("pooled", [True, False])
def test_videomae_is_the_mean_of_its_tokens_and_says_whether_they_were_normed(
    tmp_path, rng, pooled
):
    import torch
    from transformers import VideoMAEModel
    from transformers.models.videomae.image_processing_pil_videomae import (
        VideoMAEImageProcessorPil,
    )

    folder = tiny_videomae(tmp_path, use_mean_pooling=pooled)
    clips = [rng.integers(0, 256, (MOTION_FRAMES, 224, 224, 3), np.uint8) for _ in range(3)]
    encoded = load_videomae(files(folder), RUN, keep_frames=True)(clips)
    model = VideoMAEModel.from_pretrained(folder).eval()
    assert (model.layernorm is None) == pooled
    processor = VideoMAEImageProcessorPil.from_pretrained(folder)
    for clip, found in zip(clips, encoded, strict=True):
        pixels = processor([list(clip)], return_tensors="pt").pixel_values
        with torch.no_grad():
            tokens = model(pixels).last_hidden_state[0].numpy()
        np.testing.assert_allclose(found.vector, tokens.mean(0), rtol=0, atol=1e-5)
        assert found.frames.shape == (8, 16)
        np.testing.assert_allclose(found.frames[1], tokens[16:32].mean(0), rtol=0, atol=1e-5)
    told = layer_of(json.loads((folder / "config.json").read_text()))
    assert ("no final norm" in told) == pooled


# ---- pictures


def test_eva_is_the_class_token_after_one_norm_with_the_originals_eps(tmp_path, pictures):
    """Positions of 224 px are stretched once; transformers stretches them on every call."""
    import torch
    from transformers import Blip2VisionModel

    folder = tiny_eva(tmp_path)
    eva = load_eva(files(folder, processor=False), RUN, grid=True)
    model = Blip2VisionModel.from_pretrained(folder).eval()
    model.post_layernorm.eps = 1e-5
    for picture, found in zip(pictures, eva(pictures), strict=True):
        pixels = _squashed(picture)
        with torch.no_grad():
            out = model(pixels, interpolate_pos_encoding=True)
        state = out.last_hidden_state[0].numpy()
        np.testing.assert_allclose(found.vector, state[0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(found.grid, state[1:], rtol=0, atol=1e-5)
        assert found.grid.shape == (1024, 16)
        assert np.abs(found.vector - out.pooler_output[0].numpy()).max() > 1e-4  # normed twice


def _squashed(picture):
    """What the processor is said to do, by hand: no crop, bicubic, CLIP's mean and deviation."""
    import torch
    from PIL import Image

    small = Image.fromarray(picture).resize((448, 448), Image.Resampling.BICUBIC)
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    values = (np.asarray(small) / 255 - mean) / deviation
    return torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))


def test_eva_is_found_inside_a_whole_blip2_checkpoint(tmp_path, pictures):
    from safetensors.torch import load_file, save_file

    alone = tiny_eva(tmp_path / "alone", image_size=448)
    whole = tmp_path / "whole"
    whole.mkdir()
    state = {f"vision_model.{k}": v for k, v in load_file(alone / "model.safetensors").items()}
    other = {"language_model.weight": state["vision_model.post_layernorm.bias"].clone()}
    save_file(state, whole / "a.safetensors")
    save_file(other, whole / "b.safetensors")
    index = dict.fromkeys(state, "a.safetensors") | dict.fromkeys(other, "b.safetensors")
    (whole / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    vision = json.loads((alone / "config.json").read_text())
    (whole / "config.json").write_text(json.dumps({"vision_config": vision}))
    (whole / "b.safetensors").unlink()  # the language model is not needed
    options = {"processor": False, "prefix": "vision_model."}
    inside = load_eva(files(whole, **options), RUN, grid=False)(pictures)
    for a, b in zip(load_eva(files(alone, processor=False), RUN, grid=False)(pictures), inside,
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a.vector, b.vector)
        assert a.grid is None


def test_clip_and_siglip_are_their_models_own_image_vectors(tmp_path, pictures):
    import torch
    from PIL import Image
    from transformers import CLIPVisionModelWithProjection, SiglipModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    images = [Image.fromarray(picture) for picture in pictures]
    clip, siglip = tiny_clip(tmp_path / "c"), tiny_siglip(tmp_path / "s")
    with torch.no_grad():
        pixels = CLIPImageProcessorPil.from_pretrained(clip)(images, return_tensors="pt")
        wanted = CLIPVisionModelWithProjection.from_pretrained(clip).eval()(**pixels).image_embeds
        pixels = SiglipImageProcessorPil.from_pretrained(siglip)(images, return_tensors="pt")
        model = SiglipModel.from_pretrained(siglip).eval()
        other = model.vision_model(**pixels).pooler_output
    found = np.stack([e.vector for e in load_clip(files(clip), RUN)(pictures)])
    np.testing.assert_allclose(found, wanted.numpy(), **NEAR)
    found = np.stack([e.vector for e in load_siglip(files(siglip), RUN)(pictures)])
    np.testing.assert_allclose(found, other.numpy(), **NEAR)


# ---- numbers of a GPU


@pytest.mark.parametrize(("numbers", "near"), [("float16", 0.02), ("bfloat16", 0.15)])
def test_half_the_bits_give_nearly_the_same_vectors(
    tmp_path, sounds, faces, pictures, rng, numbers, near
):
    """On a CPU, for want of a GPU: every tensor that goes in has the encoder's own numbers."""
    half = Runtime("engine", numbers=numbers, batch=2)
    clips = [rng.integers(0, 256, (MOTION_FRAMES, 224, 224, 3), np.uint8)]
    made = {
        "h": (tiny_hubert, lambda f, r: load_hubert(f, r, keep_frames=False), sounds),
        "m": (tiny_mae, lambda f, r: load_mae(f, r, keep_frames=False), faces),
        "v": (tiny_videomae, lambda f, r: load_videomae(f, r, keep_frames=False), clips),
        "c": (tiny_clip, load_clip, pictures),
        "s": (tiny_siglip, load_siglip, pictures),
        "e": (tiny_eva, lambda f, r: load_eva(f, r, grid=True), pictures),
    }
    for name, (tiny, load, given) in made.items():
        found = files(tiny(tmp_path / name), processor=name != "e")
        for a, b in zip(load(found, RUN)(given), load(found, half)(given), strict=True):
            assert b.vector.dtype == np.float32
            scale = max(1.0, float(np.abs(a.vector).max()))
            assert np.abs(a.vector - b.vector).max() <= near * scale, name


# ---- what is not right


def test_a_model_of_another_kind_is_refused_not_made_up_at_random(tmp_path):
    from safetensors.torch import load_file, save_file

    other, mae = tiny_videomae(tmp_path / "v"), tiny_mae(tmp_path / "m")
    with pytest.raises(SetupError, match="v does not load as ViTMAEModel"):
        load_mae(files(other), RUN, keep_frames=False)
    with pytest.raises(SetupError, match="is no EVA of BLIP-2"):
        load_eva(files(other), RUN, grid=False)
    state = load_file(mae / "model.safetensors")
    del state["vit.layernorm.weight"]
    save_file(state, mae / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        SetupError, match=r"m lacks 1 weights of a ViTMAEModel, e.g. layernorm.weig"
    ):
        load_mae(files(mae), RUN, keep_frames=False)


def test_files_are_known_by_what_they_hold_and_where_they_lie_is_not_said(tmp_path):
    first = files(tiny_mae(tmp_path / "a" / "mae"))
    second = files(tiny_mae(tmp_path / "b" / "mae"))
    assert first.sha256 == second.sha256
    assert first.name == "mae"
    config = tmp_path / "b" / "mae" / "config.json"
    config.write_text(config.read_text().replace('"mask_ratio": 0.75', '"mask_ratio": 0.5'))
    assert files(tmp_path / "b" / "mae").sha256 != first.sha256


def test_what_is_not_there_is_named_with_the_remedy(tmp_path):
    folder = tiny_hubert(tmp_path / "h")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(SetupError, match="has no preprocessor_config"):
        files(folder)
    with pytest.raises(SetupError, match="is no folder and no id"):
        find_encoder("nothing", engine="engine")
    with pytest.raises(SetupError, match="`merr engines install engine`"):
        find_encoder("some/one", engine="engine", cache=tmp_path / "cache")


def test_without_a_gpu_cuda_is_refused(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(SetupError, match="finds no such device"):
        Runtime("engine", device="cuda").check()


def test_numbers_that_rows_cannot_hold_cost_the_clip(tmp_path, pictures):
    clip = load_clip(files(tiny_clip(tmp_path)), RUN)
    clip.model.visual_projection.weight.data.mul_(1e9)
    with pytest.raises(AnnotationError, match="beyond 65504"):
        clip(pictures)


def test_an_id_is_found_in_the_cache_of_the_hub_without_a_network(tmp_path, sounds):
    home = tmp_path / "models--owner--hubert"
    tiny_hubert(home / "snapshots" / "abc")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    found = find_encoder("owner/hubert", engine="engine", cache=tmp_path)
    assert found.name == "owner/hubert"
    assert found.sha256 == files(home / "snapshots" / "abc").sha256
    assert len(load_hubert(found, RUN, keep_frames=False)(sounds)) == 3


def test_of_shards_only_those_with_a_tensor_that_is_read_are_needed(tmp_path):
    index = {"weight_map": {"vision_model.a": "1.safetensors", "language.b": "2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(SetupError, match=r"is not whole, it lacks 1\.safetensors"):
        weight_files(tmp_path, "engine", "vision_model.")
    (tmp_path / "1.safetensors").touch()
    assert weight_files(tmp_path, "engine", "vision_model.") == [tmp_path / "1.safetensors"]
    with pytest.raises(SetupError, match=r"lacks 2\.safetensors"):
        weight_files(tmp_path, "engine")
