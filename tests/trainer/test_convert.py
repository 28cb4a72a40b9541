"""Checkpoints of the original: every tensor finds its place, or the file is refused."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from schemas.errors import SetupError
from schemas.instruction import MARKERS, lay_out
from tests.trainer import original_net as net
from tests.trainer.tiny import SIDE_PX, tiny_llm, tiny_tokenizer
from trainer.checkpoint import load_checkpoint
from trainer.convert import convert
from trainer.generate import Question, generate_ids
from trainer.original import PROJECTORS, read_original
from trainer.original_eva import read_eva
from trainer.sequence import SequenceMaker
from trainer.vision import Eyes, load_vision

pytestmark = [pytest.mark.slow, pytest.mark.model]
FIXTURES = Path(__file__).parents[1] / "fixtures" / "original"
NORM = {
    "ln_vision.weight": net.drawn(net.WIDTH, seed=50),
    "ln_vision.bias": net.drawn(net.WIDTH, seed=51),
}
SIZES = {"side_px": SIDE_PX, "depth": net.DEPTH, "heads": net.HEADS}


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llm")
    tiny_llm().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


def saved(path, state, **beside):
    """As the original's runner saves: a dictionary with the model's state in it."""
    torch.save({"model": state, "optimizer": {}, "scaler": {}, "epoch": 3, **beside}, path)
    return path


@pytest.fixture
def files(tmp_path):
    """minigptv2_checkpoint.pth and a trained checkpoint, and EVA's file."""
    state = net.checkpoint_state()
    first = {n: t + 1 for n, t in state.items() if "lora_" in n or n.startswith("llama_proj")}
    torch.save(net.eva_state(), tmp_path / "eva_vit_g.pth")
    return (
        saved(tmp_path / "minigptv2_checkpoint.pth", first | NORM),
        saved(tmp_path / "checkpoint_29.pth", state),
        tmp_path / "eva_vit_g.pth",
    )


def pixels(count=2):
    return net.drawn(count, 3, SIDE_PX, SIDE_PX, seed=60) * 3


def test_the_converted_model_embeds_what_the_original_does(files, llm, tmp_path):
    mini, trained, eva = files
    convert([mini, trained], tmp_path / "out", llm=llm, eva=eva, **SIZES)
    model = load_checkpoint(tmp_path / "out", dtype=torch.float32).eval().get_base_model()
    eyes = load_vision(str(tmp_path / "out" / "vision"), side_px=SIDE_PX, dtype=torch.float32)
    seen = net.norm(net.eva(net.eva_state(), pixels()), NORM, "ln_vision", eps=1e-5)
    features = net.drawn(2, 3, net.FEATURE, seed=61)
    expected = net.tokens(net.checkpoint_state(), seen, features)
    grid, image = eyes(pixels())
    maker = SequenceMaker.of(model.config, tiny_tokenizer())
    ids = torch.tensor([maker.prompt(lay_out("emotion", "Which?", None), MARKERS).ids] * 2)
    face, motion, audio = features.unbind(1)
    given = {"grid": grid, "face": face, "motion": motion, "audio": audio, "image": image}
    embeds = model.embed(ids, given)
    found = embeds[ids < 0].reshape(expected.shape)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_lora_is_scaled_and_added_where_it_was(files, llm, tmp_path):
    _, trained, _ = files
    told = convert([trained], tmp_path / "out", llm=llm)
    assert told.lora_scaling == 16 / 4
    state = net.checkpoint_state()
    model = load_checkpoint(tmp_path / "out", dtype=torch.float32).merge_and_unload()
    before = tiny_llm().state_dict()
    for layer in range(net.LAYERS):
        for target in ("q_proj", "v_proj"):
            name = f"model.layers.{layer}.self_attn.{target}"
            lora = f"llama_model.base_model.model.{name}.lora_{{}}.default.weight"
            delta = 4 * state[lora.format("B")] @ state[lora.format("A")]
            found = model.llm.state_dict()[f"{name}.weight"]
            torch.testing.assert_close(found, before[f"{name}.weight"] + delta)


def test_a_converted_checkpoint_reads_as_the_published_evaluation_did(files, llm, tmp_path):
    _, trained, _ = files
    convert([trained], tmp_path / "out", llm=llm)
    model = load_checkpoint(tmp_path / "out", dtype=torch.float32)
    config = model.get_base_model().config
    assert (config.layout, config.answer, config.frame) == ("published-eval", "original", "first")
    assert config.grid_width == net.WIDTH
    assert config.face_width == net.FEATURE
    ids = SequenceMaker.of(config, tiny_tokenizer()).prompt(lay_out("emotion", "?", None), ()).ids
    assert ids[:2] == [1, 1]
    assert generate_ids(model, tiny_tokenizer(), [Question(ids)], 3)


@pytest.mark.parametrize("default", [".default", ""])
def test_both_forms_of_pefts_names_are_read(tmp_path, default):
    path = saved(tmp_path / "c.pth", net.checkpoint_state(default=default))
    assert len(read_original([path]).lora) == 8


def test_the_later_file_wins_as_in_the_original(files):
    mini, trained, _ = files
    state = net.checkpoint_state()
    both = read_original([mini, trained])
    assert torch.equal(both.projectors["grid.weight"], state["llama_proj.weight"])
    assert torch.equal(read_original([mini]).projectors["grid.bias"], state["llama_proj.bias"] + 1)


def test_only_what_is_dead_is_ignored_and_it_is_named(files, llm, tmp_path):
    _, trained, eva = files
    convert([trained], tmp_path / "out", llm=llm, eva=eva, **SIZES)
    ignored = json.loads((tmp_path / "out" / "conversion.json").read_text())["ignored"]
    assert {name.split(".")[0] for name in ignored} == {
        *("attention", "llama_model", "norm", "head", "blocks")
    }
    assert {name.split(".")[1] for name in ignored if name.startswith("blocks")} == {"2"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("both", "minigptv2_checkpoint.pth"),
        ("trained", "in none of the files: weight 1, bias 0"),
    ],
)
def test_where_evas_last_norm_comes_from_is_told_and_never_filled(
    files, llm, tmp_path, given, told
):
    mini, trained, eva = files
    used = [mini, trained] if given == "both" else [trained]
    found = convert(used, tmp_path / "out", llm=llm, eva=eva, **SIZES)
    assert found.ln_vision.startswith(told)
    eyes = load_vision(str(tmp_path / "out" / "vision"), side_px=SIDE_PX, dtype=torch.float32)
    weight = eyes.model.post_layernorm.weight
    expected = NORM["ln_vision.weight"] if given == "both" else torch.ones(net.WIDTH)
    assert torch.equal(weight, expected)


CHANGES = {
    "smell_proj.weight": "1 tensors that nobody knows, first smell_proj.weight",
    "llama_proj.scale": "first llama_proj.scale",
    "llama_model.base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight": "nobody knows",
    "visual_encoder.blocks.0.norm1.weight": "nobody knows",
    "ln_vision2.weight": "nobody knows",
}


@pytest.mark.parametrize(("name", "told"), CHANGES.items())
def test_a_tensor_that_nobody_knows_is_refused(tmp_path, llm, name, told):
    path = saved(tmp_path / "c.pth", net.checkpoint_state() | {name: torch.zeros(2)})
    with pytest.raises(SetupError, match=told):
        convert([path], tmp_path / "out", llm=llm)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", [n for n in net.checkpoint_state() if n[:10] != "attention." and "inv_freq" not in n]
)
@pytest.mark.parametrize("change", ["missing", "shape"])
def test_a_tensor_that_is_missing_or_of_another_shape_is_refused(tmp_path, llm, name, change):
    state = net.checkpoint_state()
    if change == "missing":
        del state[name]
    else:
        state[name] = torch.zeros(*(size + 1 for size in state[name].shape))
    path = saved(tmp_path / "c.pth", state)
    with pytest.raises(SetupError, match=r"missing|expected|none of the files"):
        convert([path], tmp_path / "out", llm=llm)


def test_minigptv2_alone_starts_a_first_stage_only_where_asked(files, llm, tmp_path):
    mini, *_ = files
    with pytest.raises(SetupError, match=r"or --fresh to train from there"):
        convert([mini], tmp_path / "out", llm=llm)
    told = convert([mini], tmp_path / "out", llm=llm, fresh=True)
    assert {name.split(".")[0] for name in told.fresh} == {"face", "motion", "audio", "image"}
    model = load_checkpoint(tmp_path / "out", dtype=torch.float32).get_base_model()
    assert model.config.layout == "train"
    again = convert([mini], tmp_path / "again", llm=llm, fresh=True)
    first, second = (
        load_file(tmp_path / f / "adapter_model.safetensors") for f in ("out", "again")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert again == told


def test_another_language_model_is_refused(files, tmp_path):
    _, trained, _ = files
    tiny_llm(layers=3).save_pretrained(tmp_path / "llm")
    tiny_tokenizer().save_pretrained(tmp_path / "llm")
    with pytest.raises(SetupError, match="LoRA of 3 layers is 12 tensors; missing are 4"):
        convert([trained], tmp_path / "out", llm=str(tmp_path / "llm"))


def test_alpha_is_the_one_the_run_was_configured_with(tmp_path, llm):
    config = {"model": {"lora_r": 4, "lora_alpha": 8}}
    path = saved(tmp_path / "c.pth", net.checkpoint_state(), config=config)
    assert convert([path], tmp_path / "out", llm=llm).lora_scaling == 2


class Boom:
    def __reduce__(self):
        return (print, ("code ran",))


def test_no_code_of_a_checkpoint_is_run(tmp_path, capsys):
    path = saved(tmp_path / "c.pth", net.checkpoint_state(), config=Boom())
    with pytest.raises(SetupError, match="merr runs no code of a checkpoint"):
        read_original([path])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "does not read"), (b"not a checkpoint", "does not read"), (None, "no such file")],
)
def test_what_is_no_checkpoint_is_refused(tmp_path, content, told):
    path = tmp_path / "c.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=told):
        read_original([path])


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(SetupError, match="holds no table of tensors"):
        read_original([tmp_path / "list.pth"])


# ---- EVA alone


def test_eva_sees_what_the_original_sees(tmp_path):
    torch.save(net.eva_state(), tmp_path / "eva.pth")
    model, _ = read_eva(tmp_path / "eva.pth", {}, **SIZES)
    raw = model(pixels(), output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(raw, net.eva(net.eva_state(), pixels()), rtol=1e-4, atol=1e-5)


def test_keys_have_no_bias_and_a_block_beyond_is_left_out(tmp_path):
    torch.save(net.eva_state(), tmp_path / "eva.pth")
    model, ignored = read_eva(tmp_path / "eva.pth", {}, **SIZES)
    bias = model.encoder.layers[0].self_attn.qkv.bias
    assert torch.equal(bias[8:16], torch.zeros(8))
    assert bias[:8].all()
    assert bias[16:].all()
    assert len(model.encoder.layers) == net.DEPTH
    assert "blocks.2.attn.q_bias" in ignored


def test_half_precision_stays_half_and_positions_are_interpolated_in_full(tmp_path):
    state = {name: values.half() for name, values in net.eva_state().items()}
    torch.save(state, tmp_path / "eva.pth")
    model, _ = read_eva(tmp_path / "eva.pth", {}, **SIZES)
    assert {p.dtype for p in model.parameters()} == {torch.float16}
    expected = net.positions(state["pos_embed"].float(), 4).half()
    assert torch.equal(model.embeddings.position_embedding, expected)


@pytest.mark.parametrize(
    "name", [n for n in net.eva_state(blocks=2) if not n.startswith(("norm", "head"))]
)
@pytest.mark.parametrize("change", ["missing", "shape"])
def test_eva_with_a_tensor_missing_or_of_another_shape_is_refused(tmp_path, name, change):
    state = net.eva_state()
    if change == "missing":
        del state[name]
    elif name == "pos_embed":
        state[name] = torch.zeros(1, 4, 8)
    else:
        state[name] = torch.cat([state[name], state[name]], -1)
    torch.save(state, tmp_path / "eva.pth")
    with pytest.raises(SetupError, match=r"missing|expected|not EVA|no square"):
        read_eva(tmp_path / "eva.pth", {}, **SIZES)


def test_half_a_norm_is_refused_not_filled(tmp_path):
    torch.save(net.eva_state(), tmp_path / "eva.pth")
    with pytest.raises(SetupError, match=r"ln_vision has \['weight'\]"):
        read_eva(tmp_path / "eva.pth", {"weight": torch.ones(net.WIDTH)}, **SIZES)


@pytest.mark.parametrize("name", ["rope.freqs", "blocks.0.attn.qkv.bias", "blocks.3.norm1.weight"])
def test_eva_with_a_tensor_that_nobody_knows_is_refused(tmp_path, name):
    torch.save(net.eva_state() | {name: torch.zeros(24)}, tmp_path / "eva.pth")
    with pytest.raises(SetupError, match=f"first {name}"):
        read_eva(tmp_path / "eva.pth", {}, **SIZES)


# ---- what the original's own code computed


def fixtures(kind):
    found = sorted(FIXTURES.glob(f"{kind}-*.safetensors"))
    reason = f"no tests/fixtures/original/{kind}-*.safetensors; docs/trainer-model.md says how"
    return found or [pytest.param(None, marks=pytest.mark.skip(reason=reason))]


def compare_eva(path, tmp_path):
    tensors = load_file(path)
    with safe_open(path, "pt") as opened:
        told = opened.metadata()
    state = {n.removeprefix("weights."): t for n, t in tensors.items() if n[:8] == "weights."}
    norm = {
        n.removeprefix("ln_vision."): state.pop(n) for n in list(state) if n[:10] == "ln_vision."
    }
    save_file(state, tmp_path / "eva.safetensors")
    sizes = {"depth": int(told["depth"]), "heads": int(told["heads"])}
    seen = tensors["pixels"]
    model, _ = read_eva(tmp_path / "eva.safetensors", norm, side_px=seen.shape[-1], **sizes)
    grid, cls = Eyes(model)(seen)
    raw = model(seen, output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(raw, tensors["raw"], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(cls, tensors["normed"][:, 0], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(grid, tensors["normed"][:, 1:], rtol=1e-3, atol=1e-4)


def compare_projectors(path, tmp_path):
    tensors = load_file(path)
    state = {n.removeprefix("weights."): t for n, t in tensors.items() if n[:8] == "weights."}
    save_file(state, tmp_path / "projectors.safetensors")
    found = read_original([tmp_path / "projectors.safetensors"]).projectors
    seen, features = tensors["normed"], tensors["features"]
    back = {name: f"{ours}.{{}}" for name, ours in PROJECTORS.items()}
    ours = {
        f"{n}.{p}": found[form.format(p)] for n, form in back.items() for p in ("weight", "bias")
    }
    torch.testing.assert_close(net.tokens(ours, seen, features), tensors["tokens"])


@pytest.mark.parametrize("path", fixtures("eva"))
def test_eva_agrees_with_the_originals_code(path, tmp_path):
    compare_eva(path, tmp_path)


@pytest.mark.parametrize("path", fixtures("projectors"))
def test_projectors_agree_with_the_originals_code(path, tmp_path):
    compare_projectors(path, tmp_path)


def test_fixtures_are_compared_in_earnest(tmp_path):
    """The format, made here from our own reading of the original's network."""
    state = net.eva_state()
    raw = net.eva(state, pixels())
    normed = net.norm(raw, NORM, "ln_vision", eps=1e-5)
    weights = {f"weights.{name}": values for name, values in (state | NORM).items()}
    path = tmp_path / "eva-ours.safetensors"
    told = {"depth": str(net.DEPTH), "heads": str(net.HEADS)}
    made = {**weights, "pixels": pixels(), "raw": raw, "normed": normed}
    save_file(made, path, told)
    compare_eva(path, tmp_path)
    save_file(made | {"raw": raw + 0.01}, path, told)
    with pytest.raises(AssertionError):
        compare_eva(path, tmp_path)
