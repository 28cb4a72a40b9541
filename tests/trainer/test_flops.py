"""Arithmetic of a run, against figures worked out by hand for Llama-2-7B."""

import pytest

from trainer.recipe_file import load_recipe

pytest.importorskip("transformers", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.fixture(scope="module")
def shape():
    from transformers import LlamaConfig

    from trainer.config import EmotionLlamaConfig
    from trainer.flops import shape_of

    llama = LlamaConfig(vocab_size=32000, intermediate_size=11008)  # Llama-2-7B
    return shape_of(EmotionLlamaConfig(text_config=llama), load_recipe("merr-stage1").model)


def test_parameters_are_those_that_the_original_logged(shape):
    assert shape.linear == pytest.approx(6.476e9, rel=1e-3)
    assert shape.lora == 33_554_432
    assert shape.projectors + shape.grid_projector == 41_439_232
    assert shape.grid_tokens == 256


@pytest.mark.parametrize(
    ("tokens", "answer", "tflop"), [(400, 3, 10.59), (400, 60, 10.62), (1024, 60, 27.6)]
)
def test_a_visit_needs_what_was_worked_out_by_hand(tokens, answer, tflop, shape):
    from trainer.flops import visit_flops

    found = visit_flops(shape, tokens=tokens, answer=answer) / 1e12
    assert found == pytest.approx(tflop, rel=0.01)


@pytest.mark.parametrize(
    ("recipe", "tokens", "answer", "hours"),
    [("merr-stage1", 400, 32, 1.0), ("merr-stage2", 430, 60, 1.1), ("merr-label", 370, 3, 0.9)],
)
def test_the_hours_that_a_recipe_states_are_those_of_its_arithmetic(
    recipe, tokens, answer, hours, shape
):
    from trainer.flops import visit_flops

    visits = load_recipe(recipe).run.visits
    total = visits * visit_flops(shape, tokens=tokens, answer=answer)
    assert total / (0.45 * 790e12) / 3600 == pytest.approx(hours, abs=0.06)


def test_eva_at_448_px_needs_what_was_worked_out_by_hand():
    from transformers import Blip2VisionConfig

    from trainer.flops import eva_flops

    assert eva_flops(Blip2VisionConfig(image_size=448)) / 1e12 == pytest.approx(2.25, rel=0.01)


@pytest.mark.parametrize("gb", [24, 48, 80, 141])
def test_every_preset_fits_its_card_by_the_estimate(gb, shape):
    from trainer.flops import memory_of
    from trainer.presets import preset_of

    preset = preset_of(str(gb))
    memory = memory_of(
        shape,
        tokens_at_once=preset.at_once * 440,
        checkpointing=preset.checkpointing,
        weight_bytes=2,
        processes=1,
    )
    assert memory.total < 0.92 * gb * 1e9


def test_a_whole_model_in_training_needs_gradients_of_its_weights_too(shape):
    from dataclasses import replace

    from trainer.flops import visit_flops

    whole = visit_flops(replace(shape, trains_all=True), tokens=400, answer=3)
    assert whole / visit_flops(shape, tokens=400, answer=3) == pytest.approx(1.5, abs=0.03)
