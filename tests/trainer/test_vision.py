"""EVA: what is taken of Blip2VisionModel, its norm, other sizes, and pictures."""

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from PIL import Image
from transformers import Blip2Config, Blip2ForConditionalGeneration, OPTConfig

from schemas.errors import SetupError
from tests.trainer.tiny import SIDE_PX, tiny_config, tiny_eva, tiny_eyes, tiny_llm
from trainer.model import EmotionLlama
from trainer.vision import Eyes, at_size, load_vision, pixels_of, resize_positions

pytestmark = [pytest.mark.slow, pytest.mark.model]


def pictures(count=2, side_px=SIDE_PX):
    return torch.randn(count, 3, side_px, side_px, generator=torch.Generator().manual_seed(1))


def jpeg(width, height):
    values = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    kept = io.BytesIO()
    Image.fromarray(values).resize((width, height)).save(kept, "JPEG")
    return kept.getvalue()


def test_grid_and_cls_are_the_last_blocks_output_normalised_once():
    model = tiny_eva()
    raw = model(pictures(), output_hidden_states=True).hidden_states[-1]
    norm = model.post_layernorm
    expected = torch.nn.functional.layer_norm(raw, (8,), norm.weight, norm.bias, eps=1e-5)
    grid, cls = Eyes(model)(pictures())
    torch.testing.assert_close(grid, expected[:, 1:])
    torch.testing.assert_close(cls, expected[:, 0])
    assert grid.shape == (2, 16, 8)


def test_the_pooler_would_normalise_twice_and_is_not_used():
    eyes = tiny_eyes()
    _, cls = eyes(pictures())
    assert (cls - eyes.model(pictures()).pooler_output).abs().max() > 0.1


def test_eva_is_frozen_and_needs_no_graph():
    eyes = tiny_eyes()
    assert not any(p.requires_grad for p in eyes.parameters())
    assert not any(values.requires_grad for values in eyes(pictures()))


@pytest.mark.parametrize("side_px", [28, 42, 112])
def test_a_picture_of_another_size_is_refused(side_px):
    with pytest.raises(ValueError, match=r"expected \[n, 3, 56, 56\]"):
        tiny_eyes()(pictures(side_px=side_px))


def test_positions_for_another_size_are_those_that_transformers_interpolates():
    model = tiny_eva()
    expected = model(pictures(side_px=112), interpolate_pos_encoding=True).last_hidden_state
    found = at_size(model, 112)(pictures(side_px=112)).last_hidden_state
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_positions_of_the_same_size_stay_bit_for_bit():
    table = tiny_eva().embeddings.position_embedding
    torch.testing.assert_close(resize_positions(table, 4), table, rtol=1e-6, atol=1e-6)
    assert torch.equal(resize_positions(table, 9)[:, 0], table[:, 0])
    assert resize_positions(table.half(), 9).dtype == torch.float16


def test_a_table_that_is_no_square_is_refused():
    with pytest.raises(SetupError, match="no square"):
        resize_positions(torch.zeros(1, 8, 4), 4)


def test_a_folder_with_eva_alone_and_a_whole_blip2_give_the_same_eyes(tmp_path):
    model = tiny_eva(side_px=28)
    model.save_pretrained(tmp_path / "eva")
    opt = OPTConfig(hidden_size=8, ffn_dim=8, num_hidden_layers=1, num_attention_heads=2,
                    vocab_size=60, word_embed_proj_dim=8)  # fmt: skip
    form = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2}
    former = form | {"num_attention_heads": 2, "encoder_hidden_size": 8, "vocab_size": 60}
    config = Blip2Config(
        vision_config=model.config.to_dict(), text_config=opt.to_dict(), qformer_config=former,
        image_token_index=50,
    )  # fmt: skip
    whole = Blip2ForConditionalGeneration(config)
    whole.vision_model.load_state_dict(model.state_dict())
    whole.save_pretrained(tmp_path / "blip2")
    expected = Eyes(at_size(model, SIDE_PX))(pictures())
    for folder in ("eva", "blip2"):
        eyes = load_vision(str(tmp_path / folder), side_px=SIDE_PX, dtype=torch.float32)
        for one, other in zip(eyes(pictures()), expected, strict=True):
            torch.testing.assert_close(one, other)


def test_weights_that_are_not_evas_are_refused(tmp_path):
    tiny_llm().save_pretrained(tmp_path)
    with pytest.raises(SetupError, match="is of a llama, not of a BLIP-2"):
        load_vision(str(tmp_path), side_px=SIDE_PX)


def test_eva_with_a_tensor_missing_is_refused_by_its_name(tmp_path):
    model = tiny_eva()
    state = model.state_dict()
    del state["post_layernorm.weight"]
    model.save_pretrained(tmp_path, state_dict=state)
    with pytest.raises(SetupError, match=r"1 tensors of EVA are missing.*post_layernorm\.weight"):
        load_vision(str(tmp_path), side_px=SIDE_PX)


def test_eva_that_sees_another_grid_than_configured_is_refused():
    llm = tiny_llm()
    with pytest.raises(ValueError, match="sees 16 patches, the configuration says 64"):
        EmotionLlama.from_parts(tiny_config(llm, grid_patches=64), llm, tiny_eyes())


def test_a_picture_is_squashed_not_cropped_and_normalised_as_clip_does():
    made = pixels_of(jpeg(128, 64), 32)
    assert (made.shape, made.dtype) == ((3, 32, 32), np.float32)
    with Image.open(io.BytesIO(jpeg(128, 64))) as opened:
        small = np.asarray(opened.convert("RGB").resize((32, 32), Image.Resampling.BICUBIC))
    red = (small[..., 0] / 255 - 0.48145466) / 0.26862954
    np.testing.assert_allclose(made[0], red, atol=1e-5)


def test_the_picture_processor_of_blip_makes_the_same_of_it():
    from transformers import BlipImageProcessor

    processor = BlipImageProcessor(size={"height": 448, "width": 448})
    with Image.open(io.BytesIO(jpeg(160, 90))) as opened:
        expected = processor(opened.convert("RGB"), return_tensors="np")["pixel_values"][0]
    np.testing.assert_allclose(pixels_of(jpeg(160, 90)), expected, atol=1e-5)
