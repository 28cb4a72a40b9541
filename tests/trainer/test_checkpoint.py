"""Checkpoints: what was trained and nothing else, bit for bit, and merged into one model."""

import json

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from safetensors.torch import load_file, save_file

from schemas.errors import SetupError
from tests.trainer.samples import packed, samples_of
from tests.trainer.tiny import tiny_eyes, tiny_llm, tiny_model, tiny_tokenizer
from trainer.checkpoint import load_checkpoint, load_model, save_checkpoint
from trainer.lora import with_lora
from trainer.merge import merge_checkpoint
from trainer.model import EmotionLlama
from trainer.open_model import TRAINED_ON

pytestmark = [pytest.mark.slow, pytest.mark.model]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def trained(**more):
    """LoRA and projectors after a step of training."""
    model = with_lora(tiny_model(**more), r=4, dropout=0.0)
    learner = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    model(**packed(samples_of(model.get_base_model().config))).loss.backward()
    learner.step()
    return model.eval()


@pytest.fixture
def folder(tmp_path, tokenizer):
    """A run: the base model, and a checkpoint that names it as seen from itself."""
    llm = tiny_llm()
    llm.save_pretrained(tmp_path / "base")
    model = trained(llm=llm, llm_name="../base", fusion="conv-attention")
    save_checkpoint(model, tokenizer, tmp_path / "step-1")
    return tmp_path / "step-1"


def loss_of(model):
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return model(**packed(samples_of(base.config))).loss


def test_lora_is_on_query_and_value_of_the_language_model_alone():
    model = with_lora(tiny_model(vision=tiny_eyes()), r=4)
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    lora = {name.partition(".lora_")[0] for name in trains if "lora_" in name}
    assert lora == {
        f"base_model.model.llm.model.layers.{layer}.self_attn.{target}"
        for layer in (0, 1)
        for target in ("q_proj", "v_proj")
    }
    rest = {name for name in trains if "lora_" not in name}
    assert rest
    assert all(".projectors.modules_to_save.default." in name for name in rest)


def test_lora_trains_in_float32_on_a_base_in_bfloat16():
    model = with_lora(tiny_model(llm=tiny_llm().to(torch.bfloat16)), r=4)
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert model.peft_config["default"].lora_alpha / 64 == 0.25


def test_a_base_without_such_layers_is_refused_with_those_it_has():
    with pytest.raises(SetupError, match=r"no Linear layer called qkv; .* q_proj, .*v_proj"):
        with_lora(tiny_model(), targets=("qkv",))


def test_a_checkpoint_holds_adapter_and_projectors_alone(folder):
    names = load_file(folder / "adapter_model.safetensors")
    assert all(".lora_" in name or ".projectors." in name for name in names)
    assert not [name for name in names if "base_layer" in name or "original_module" in name]
    size = sum(path.stat().st_size for path in folder.iterdir() if path.suffix == ".safetensors")
    assert size < (folder / "../base/model.safetensors").stat().st_size


def test_a_checkpoint_is_loaded_bit_for_bit(folder):
    model = trained(llm_name="../base", fusion="conv-attention")
    again = load_checkpoint(folder, dtype=torch.float32).eval()
    expected, found = model.state_dict(), again.state_dict()
    trains = [name for name in expected if "lora_" in name or "modules_to_save" in name]
    assert trains
    assert all(torch.equal(found[name], expected[name]) for name in trains)
    assert torch.equal(loss_of(again), loss_of(model))


def test_saving_what_was_loaded_gives_the_same_bytes(folder, tokenizer, tmp_path):
    again = load_checkpoint(folder, dtype=torch.float32)
    save_checkpoint(again, tokenizer, tmp_path / "other" / "step-1")
    for path in folder.iterdir():
        assert (tmp_path / "other" / "step-1" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("trainable", [True, False])
def test_a_loaded_checkpoint_trains_on_only_where_asked(folder, trainable):
    again = load_checkpoint(folder, dtype=torch.float32, trainable=trainable)
    trains = [name for name, p in again.named_parameters() if p.requires_grad]
    assert bool(trains) is trainable
    if trainable:
        loss_of(again).backward()
        assert all(p.grad is not None for p in again.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("change", "told"), [("lost", r"missing \['.*audio"), ("more", r"unknown \['.*smell")]
)
def test_a_checkpoint_with_a_tensor_too_few_or_too_many_is_refused(folder, change, told):
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    name = "base_model.model.projectors.audio.weight"
    if change == "lost":
        del tensors[name]
    else:
        tensors["base_model.model.projectors.smell.weight"] = tensors[name].clone()
    save_file(tensors, path)
    with pytest.raises(SetupError, match=f"{told}.*another configuration"):
        load_checkpoint(folder, dtype=torch.float32)


def test_another_base_model_is_refused(folder):
    with pytest.raises(SetupError, match="trained on a base model with"):
        load_checkpoint(folder, llm=tiny_llm(layers=3))


@pytest.mark.parametrize(
    ("files", "told"),
    [({}, "no config.json"), ({"config.json": {"model_type": "llama"}}, "is of a llama")],
)
def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path, files, told):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(SetupError, match=told):
        load_checkpoint(tmp_path)


def test_a_merged_model_opens_without_peft_and_base_and_says_the_same(folder, tmp_path):
    model = load_checkpoint(folder, dtype=torch.float32).eval()
    (folder / TRAINED_ON).write_text("{}")
    to = merge_checkpoint(folder, tmp_path / "whole", dtype=torch.float32)
    assert (to / TRAINED_ON).read_text() == "{}"  # which encoders its features are of
    (tmp_path / "base").rename(tmp_path / "gone")
    whole, tokenizer = load_model(to, dtype=torch.float32)
    assert type(whole) is EmotionLlama
    assert whole.config.llm_name is None
    torch.testing.assert_close(loss_of(whole), loss_of(model), rtol=1e-6, atol=1e-6)
    assert tokenizer.eos_token_id == 2


def test_a_merged_model_keeps_eva(tmp_path, tokenizer):
    llm, eyes = tiny_llm(), tiny_eyes()
    llm.save_pretrained(tmp_path / "base")
    eyes.model.save_pretrained(tmp_path / "eva")
    model = trained(llm=llm, vision=eyes, llm_name="../base", vision_name="../eva")
    save_checkpoint(model, tokenizer, tmp_path / "step-1")
    merge_checkpoint(tmp_path / "step-1", tmp_path / "whole", dtype=torch.float32)
    whole, _ = load_model(tmp_path / "whole", dtype=torch.float32)
    pixels = torch.randn(1, 3, 56, 56)
    for one, other in zip(whole.vision(pixels), eyes(pixels), strict=True):
        torch.testing.assert_close(one, other)


def test_a_folder_with_something_in_it_is_not_written_into(folder, tmp_path):
    with pytest.raises(SetupError, match="is not empty"):
        merge_checkpoint(folder, tmp_path)


def test_load_model_opens_a_checkpoint_too(folder):
    model, tokenizer = load_model(folder, dtype=torch.float32)
    assert loss_of(model) > 0
    assert tokenizer.decode([2], skip_special_tokens=True) == ""


def test_no_file_of_a_checkpoint_names_a_path_of_the_machine(folder, tokenizer, tmp_path):
    save_checkpoint(load_checkpoint(folder, dtype=torch.float32), tokenizer, tmp_path / "a" / "b")
    for path in (tmp_path / "a" / "b").iterdir():
        assert str(tmp_path).encode() not in path.read_bytes(), path.name
