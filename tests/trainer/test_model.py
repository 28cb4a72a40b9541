"""The model: packed equals separate, what is silently wrong is refused, all of it is trained."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from tests.trainer.samples import packed, padded, samples_of, stacked
from tests.trainer.tiny import HIDDEN, features_of, tiny_config, tiny_eyes, tiny_llm, tiny_model
from trainer.fusion import ConvAttention
from trainer.lora import with_lora
from trainer.model import EmotionLlama
from trainer.sequence import IGNORED, SENTINELS

pytestmark = [pytest.mark.slow, pytest.mark.model]
ATTENTION = ["sdpa", "eager"]


def gradients(model):
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}


def learn(model, **batch):
    """Loss and gradients of one call."""
    model.zero_grad(set_to_none=True)
    loss = model(**batch).loss
    loss.backward()
    return loss.detach(), gradients(model)


def separately(model, samples):
    """Loss and gradients of one sample after the other, weighed by token as a batch is."""
    model.zero_grad(set_to_none=True)
    wanted = sum(label != IGNORED for made, _ in samples for label in made.labels)
    total = torch.zeros(())
    for sample in samples:
        row = packed([sample])
        del row["position_ids"]
        loss = model(**row, num_items_in_batch=wanted).loss
        loss.backward()
        total += loss.detach()
    return total, gradients(model)


def apart(one, other):
    """Norm of the difference of gradients, relative."""
    difference = sum(float((one[name] - other[name]).square().sum()) for name in one)
    return (difference / sum(float(one[name].square().sum()) for name in one)) ** 0.5


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("fusion", ["none", "conv-attention"])
@pytest.mark.parametrize("form", [packed, padded])
def test_loss_and_gradients_of_a_batch_are_those_of_its_samples_alone(attention, fusion, form):
    model = with_lora(tiny_model(attention=attention, fusion=fusion), r=4, dropout=0.0)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "lora_B" in name or "fusion.up" in name:
                values.normal_(std=0.3)
    samples = samples_of(model.config)
    assert model.get_base_model().llm.config._attn_implementation == attention
    loss, found = learn(model, **form(samples))
    alone, expected = separately(model, samples)
    torch.testing.assert_close(loss, alone, rtol=1e-5, atol=0)
    assert apart(expected, found) < 1e-5
    assert all(values.abs().sum() > 0 for values in expected.values())


def test_rows_of_packs_are_those_of_their_samples_too():
    model = tiny_model()
    first, second = samples_of(model.config)[:3], samples_of(model.config)[3:]
    rows = [packed(part) for part in (first, second)]
    length = max(row["input_ids"].shape[1] for row in rows)
    fill = {"input_ids": 2, "labels": IGNORED, "position_ids": 0}
    batch = {
        key: torch.cat(
            [
                torch.nn.functional.pad(row[key], (0, length - row[key].shape[1]), value=value)
                for row in rows
            ]
        )
        for key, value in fill.items()
    }
    loss, found = learn(model, **batch, **stacked(first + second))
    alone, expected = separately(model, first + second)
    torch.testing.assert_close(loss, alone, rtol=1e-5, atol=0)
    assert apart(expected, found) < 1e-5


def test_what_is_refused_would_have_been_wrong():
    """The control: transformers takes the wrong calls and mixes the samples."""
    model = tiny_model()
    batch = packed(samples_of(model.config))
    features = {name: batch[name] for name in SENTINELS}
    embeds = model.embed(batch["input_ids"], features, position_ids=batch["position_ids"])

    def last(**options):
        positions = batch["position_ids"]
        return model.llm(inputs_embeds=embeds, position_ids=positions, **options).logits[0, -1]

    right = last(use_cache=False)
    mask = torch.ones_like(batch["input_ids"])
    for wrong in ({"use_cache": True}, {"use_cache": False, "attention_mask": mask}):
        assert (last(**wrong) - right).abs().max() > 0.1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"use_cache": True}, "use_cache=True"),
        ({"attention_mask": "ones"}, "pass attention_mask=None"),
        ({"attention_mask": "square"}, "has 4 dimensions"),
        ({"labels": "first"}, "first token of a packed sample"),
    ],
)
def test_calls_that_would_mix_samples_are_refused(change, told):
    model = tiny_model()
    batch = packed(samples_of(model.config))
    length = batch["input_ids"].shape[1]
    values = {
        "ones": torch.ones(1, length, dtype=torch.long),
        "square": torch.ones(1, 1, length, length, dtype=torch.bool),
        "first": torch.where(batch["position_ids"] == 0, 5, batch["labels"]),
    }
    change = {key: values.get(value, value) for key, value in change.items()}
    with pytest.raises(ValueError, match=told):
        model(**(batch | change))


def test_a_mask_with_positions_of_one_padded_sample_is_no_pack():
    model = tiny_model()
    batch = padded(samples_of(model.config))
    counted = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    expected, _ = learn(model, **batch)
    found, _ = learn(model, **batch, position_ids=counted)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("more", [-1, 1])
@pytest.mark.parametrize("marker", list(SENTINELS))
def test_features_without_a_place_and_places_without_features_are_refused(marker, more):
    model = tiny_model()
    samples = samples_of(model.config)
    batch = packed(samples)
    values = batch[marker]
    batch[marker] = values[:more] if more < 0 else torch.cat([values, values[:1]])
    with pytest.raises(ValueError, match=f"{marker}: .* places in input_ids"):
        model(**batch)


@pytest.mark.parametrize("marker", list(SENTINELS))
def test_features_of_another_shape_are_refused_before_they_are_scattered(marker):
    model = tiny_model()
    batch = packed(samples_of(model.config))
    batch[marker] = torch.cat([batch[marker], batch[marker]], 1)
    with pytest.raises(ValueError, match=f"features of {marker} are .*, expected"):
        model(**batch)


def test_features_that_no_projector_reads_are_refused():
    model = tiny_model(used=["audio"])
    batch = packed(samples_of(model.config))
    with pytest.raises(ValueError, match="no projector"):
        model(**batch)


def test_a_missing_modality_is_neither_zeros_nor_any_other_value():
    model = tiny_model()
    ((_, _), (without, features), *_) = samples_of(model.config)
    assert not {SENTINELS["grid"], SENTINELS["motion"], SENTINELS["image"]} & set(without.ids)
    assert set(features) == {"face", "audio"}
    assert model(**packed([(without, features)])).loss > 0


@pytest.mark.parametrize("fusion", ["none", "conv-attention"])
@pytest.mark.parametrize("markers", [(), ("grid",), ("audio",), ("face", "motion", "image")])
def test_every_projector_gets_a_gradient_whatever_is_missing(fusion, markers):
    model = tiny_model(fusion=fusion)
    made, _ = samples_of(model.config)[0]
    ids = [i for i in made.ids if i >= 0 or i in [SENTINELS[m] for m in markers]]
    labels = [IGNORED] * (len(ids) - 3) + ids[-3:]
    batch = {"input_ids": torch.tensor([ids]), "labels": torch.tensor([labels])}
    features = {k: torch.from_numpy(v)[None] for k, v in features_of(0, markers).items()}
    _, found = learn(model, **batch, **features)
    told = {
        name for name, values in found.items() if name.startswith("projectors") and values.any()
    }
    assert {name.split(".")[1] for name in told} - {"fusion"} == set(markers)
    assert all(p.grad is not None for p in model.projectors.parameters())


def test_features_stand_where_their_places_are_and_change_nothing_else():
    model = tiny_model()
    sample = samples_of(model.config)[0]
    batch = packed([sample])
    embeds = model.embed(batch["input_ids"], stacked([sample]))
    ids = batch["input_ids"][0]
    table = model.get_input_embeddings().weight
    torch.testing.assert_close(embeds[0, ids >= 0], table[ids[ids >= 0]])
    for marker in ("face", "motion", "audio", "image"):
        layer = getattr(model.projectors, marker)
        expected = layer(batch[marker].float())
        torch.testing.assert_close(embeds[0, ids == SENTINELS[marker]], expected)


def test_four_patches_beside_each_other_become_one_embedding():
    model = tiny_model()
    sample = samples_of(model.config)[0]
    batch = packed([sample])
    embeds = model.embed(batch["input_ids"], stacked([sample]))
    found = embeds[0, batch["input_ids"][0] == SENTINELS["grid"]]
    patches = batch["grid"][0].float()
    rows = [torch.cat([*patches[i : i + 4]]) for i in range(0, len(patches), 4)]
    torch.testing.assert_close(found, model.projectors.grid(torch.stack(rows)))


def test_logits_are_computed_for_wanted_tokens_alone_and_are_the_same():
    model = tiny_model()
    batch = padded(samples_of(model.config))
    labels = batch.pop("labels")
    everywhere = model(**batch).logits
    wanted = model(**batch, labels=labels).logits
    assert everywhere.shape[:2] == labels.shape
    assert len(wanted) == int((labels != IGNORED).sum())
    torch.testing.assert_close(wanted, everywhere[:, :-1][labels[:, 1:] != IGNORED])


def test_a_token_weighs_the_same_in_whatever_batch_it_comes():
    model = tiny_model()
    samples = samples_of(model.config)
    count = sum(label != IGNORED for made, _ in samples for label in made.labels)
    whole = model(**packed(samples)).loss
    parts = [model(**packed(p), num_items_in_batch=count).loss for p in (samples[:1], samples[1:])]
    torch.testing.assert_close(sum(parts), whole)
    means = [model(**packed(part)).loss for part in (samples[:1], samples[1:])]
    assert abs(sum(means) / 2 - whole) > 1e-3


def test_a_batch_in_which_nothing_is_wanted_has_no_loss():
    model = tiny_model()
    batch = packed(samples_of(model.config))
    batch["labels"].fill_(IGNORED)
    with pytest.raises(ValueError, match="no label is wanted"):
        model(**batch)


def test_fusion_lets_modalities_of_a_clip_see_each_other_and_no_other_clip():
    model = tiny_model(fusion="conv-attention")
    with torch.no_grad():
        model.projectors.fusion.up.weight.normal_(std=0.3)
    samples = samples_of(model.config)
    batch = packed(samples)
    places = batch["input_ids"][0] == SENTINELS["face"]
    features = stacked(samples)

    def faces():
        positions = batch["position_ids"]
        return model.embed(batch["input_ids"], features, position_ids=positions)[0, places]

    before = faces()
    features["audio"][0] += 1
    after = faces()
    moved = (after - before).abs().amax(1) > 1e-6
    assert moved.tolist() == [True, False, False]


def test_fusion_begins_as_nothing():
    plain, fused = tiny_model(), tiny_model(fusion="conv-attention")
    fused.projectors.load_state_dict(plain.projectors.state_dict(), strict=False)
    batch = packed(samples_of(plain.config))
    torch.testing.assert_close(fused(**batch).loss, plain(**batch).loss)


def test_parts_are_taken_as_they_are():
    llm, eyes = tiny_llm(attention="eager"), tiny_eyes()
    before = copy.deepcopy([llm.state_dict(), eyes.state_dict()])
    model = EmotionLlama.from_parts(tiny_config(llm), llm, eyes)
    for part, state in zip((model.llm, model.vision), before, strict=True):
        assert all(torch.equal(values, state[name]) for name, values in part.state_dict().items())
    assert llm.config._attn_implementation == "eager"


def test_a_language_model_of_another_width_is_refused():
    llm = tiny_llm()
    config = tiny_config(llm)
    config.text_config.hidden_size = 64
    with pytest.raises(ValueError, match="32 wide, the configuration says 64"):
        EmotionLlama.from_parts(config, llm)


@pytest.mark.parametrize("tied", [False, True])
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path, tied):
    llm = tiny_llm(tie_word_embeddings=tied)
    model = tiny_model(llm=llm, fusion="conv-attention", vision=tiny_eyes(), frame="first")
    model.save_pretrained(tmp_path)
    again = EmotionLlama.from_pretrained(tmp_path).eval()
    state = again.state_dict()
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(values, state[name]) for name, values in model.state_dict().items())
    batch = packed(samples_of(model.config))
    assert torch.equal(again(**batch).loss, model(**batch).loss)
    assert (again.config.frame, again.config.markers) == ("first", model.config.markers)
    assert again.vision.model.post_layernorm.eps == 1e-5


def test_projectors_stay_in_float32_beside_a_model_in_bfloat16(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    model = EmotionLlama.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {p.dtype for p in model.projectors.parameters()} == {torch.float32}
    assert {p.dtype for p in model.llm.parameters()} == {torch.bfloat16}
    loss, _ = learn(model, **packed(samples_of(model.config)))
    assert loss.dtype == torch.float32


@pytest.mark.parametrize("lora", [False, True])
def test_checkpointing_changes_no_gradient(lora):
    plain, saving = tiny_model(), tiny_model()
    if lora:
        plain, saving = (with_lora(model, r=4, dropout=0.0) for model in (plain, saving))
        saving.load_state_dict(plain.state_dict())
    base = saving.get_base_model() if lora else saving
    base.activation_checkpointing_enable()
    plain.train(), saving.train()
    assert all(layer.gradient_checkpointing for layer in base.llm.model.layers)
    batch = packed(samples_of(plain.config))
    loss, expected = learn(plain, **batch)
    again, found = learn(saving, **batch)
    assert torch.equal(again, loss)
    assert apart(expected, found) < 1e-6


@pytest.mark.parametrize("fusion", ["none", "conv-attention"])
def test_mixed_precision_trains_every_weight_in_float32(fusion):
    llm = tiny_llm().to(torch.bfloat16)
    model = with_lora(tiny_model(llm=llm, fusion=fusion), r=4).train()
    batch = packed(samples_of(model.get_base_model().config))
    with torch.autocast("cpu", torch.bfloat16):
        loss, found = learn(model, **batch)
    assert loss.dtype == torch.float32
    assert {values.dtype for values in found.values()} == {torch.float32}
    assert all(torch.isfinite(values).all() for values in found.values())
    exact, _ = learn(with_lora(tiny_model(fusion=fusion), r=4).eval(), **batch)
    assert loss == pytest.approx(float(exact), rel=0.05)


def test_what_does_not_exist_is_not_attended_to():
    torch.manual_seed(0)
    module = ConvAttention(HIDDEN, 16, 2).eval()
    torch.nn.init.normal_(module.up.weight)
    torch.nn.init.zeros_(module.conv.weight)  # neighbours apart, which zeros rightly are
    tokens = torch.randn(3, 4, HIDDEN)
    there = torch.tensor([[True, False, True, False]] * 3)
    whole = module(tokens, there)[:, [0, 2]]
    alone = module(tokens[:, [0, 2]], there[:, [0, 2]])
    torch.testing.assert_close(whole, alone)
