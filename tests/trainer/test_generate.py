"""Answers: batched as one by one, merged as unmerged, and labels alone where asked for."""

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from transformers import GenerationConfig

from schemas.errors import SetupError
from schemas.instruction import MARKERS, lay_out
from tests.trainer.samples import PRESENT, SAID
from tests.trainer.tiny import features_of, tiny_eyes, tiny_llm, tiny_model, tiny_tokenizer
from trainer.generate import Question, disagreement, generate, generate_ids
from trainer.label_decoding import only
from trainer.lora import with_lora
from trainer.merge import merged
from trainer.sequence import SequenceMaker

pytestmark = [pytest.mark.slow, pytest.mark.model]
LABELS = ("happy", "sad", "sadly angry", "angry", "neutral")


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def questions_of(config, tokenizer):
    maker = SequenceMaker.of(config, tokenizer)
    return [
        Question(maker.prompt(lay_out("reason", "Why?", said), there).ids, features_of(i, there))
        for i, (said, there) in enumerate(zip(SAID, PRESENT, strict=True))
    ]


def restless(model):
    """LoRA and fusion that do something."""
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "lora_B" in name or "fusion.up" in name:
                values.normal_(std=0.3)
    return model


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("fusion", ["none", "conv-attention"])
def test_a_batch_answers_token_by_token_as_one_by_one(tokenizer, attention, fusion):
    model = restless(tiny_model(attention=attention, fusion=fusion))
    questions = questions_of(model.config, tokenizer)
    assert len({len(question.ids) for question in questions}) > 1
    together = generate_ids(model, tokenizer, questions, 12)
    alone = [generate_ids(model, tokenizer, [question], 12)[0] for question in questions]
    assert together == alone
    assert len(set(map(tuple, alone))) == len(questions)


def test_an_answer_is_the_most_probable_token_after_the_training_sequence_each_time(tokenizer):
    """generate() and forward() read the same sequence."""
    model = tiny_model()
    (question, *_) = questions_of(model.config, tokenizer)
    made = generate_ids(model, tokenizer, [question], 6)[0]
    ids = list(question.ids)
    features = {m: torch.from_numpy(f)[None] for m, f in question.features.items()}
    for token in made:
        logits = model(torch.tensor([ids]), **features).logits
        assert int(logits[0, -1].argmax()) == token
        ids.append(token)


def test_features_change_the_answer(tokenizer):
    model = tiny_model()
    (question, *_) = questions_of(model.config, tokenizer)
    other = Question(question.ids, features_of(99))
    assert len(set(generate(model, tokenizer, [question, other], max_new_tokens=12))) == 2


def test_answers_keep_the_order_of_the_questions_whatever_the_batch(tokenizer):
    model = tiny_model()
    questions = questions_of(model.config, tokenizer)
    whole = generate(model, tokenizer, questions, max_new_tokens=8, batch_size=5)
    assert generate(model, tokenizer, questions, max_new_tokens=8, batch_size=2) == whole
    assert generate(model, tokenizer, questions[::-1], max_new_tokens=8) == whole[::-1]


@pytest.mark.parametrize("fusion", ["none", "conv-attention"])
def test_merged_lora_answers_token_by_token_as_unmerged(tokenizer, fusion):
    model = restless(with_lora(tiny_model(fusion=fusion), r=4))
    questions = questions_of(model.get_base_model().config, tokenizer)
    before = generate_ids(model, tokenizer, questions, 12)
    with model.disable_adapter():
        assert generate_ids(model, tokenizer, questions, 12) != before
    whole = merged(model)
    assert generate_ids(whole, tokenizer, questions, 12) == before
    assert not [name for name in whole.state_dict() if "lora" in name or "modules_to_save" in name]


def test_pictures_answer_as_the_features_that_eva_makes_of_them(tokenizer):
    eyes = tiny_eyes()
    model = tiny_model(vision=eyes)
    maker = SequenceMaker.of(model.config, tokenizer)
    pixels = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(0)).numpy()
    grid, image = eyes(torch.from_numpy(pixels))
    sounds = features_of(0, ("audio",))
    ids = maker.prompt(lay_out("reason", "Why?", None), ("grid", "image", "audio")).ids
    seeing = [Question(ids, sounds, picture) for picture in pixels]
    given = [
        Question(ids, {"grid": g.numpy(), "image": i.numpy(), **sounds})
        for g, i in zip(grid, image, strict=True)
    ]
    answers = generate_ids(model, tokenizer, seeing, 8)
    assert answers == generate_ids(model, tokenizer, given, 8)
    assert answers[0] != answers[1]


@pytest.mark.parametrize("used", [MARKERS, ("image", "audio"), ("audio",)])
def test_a_model_without_the_patch_grid_or_without_eva_answers_too(tokenizer, used):
    model = tiny_model(used=used, vision=tiny_eyes() if "image" in used else None)
    maker = SequenceMaker.of(model.config, tokenizer)
    ids = maker.prompt(lay_out("reason", "Why?", None), MARKERS).ids
    pixels = torch.zeros(3, 56, 56).numpy() if "image" in used else None
    flat = [m for m in used if m not in ("grid", "image")]
    question = Question(ids, features_of(0, flat), pixels)
    assert generate_ids(model, tokenizer, [question], 4)[0]


def test_label_decoding_answers_with_labels_alone(tokenizer):
    model = restless(tiny_model())
    maker = SequenceMaker.of(model.config, tokenizer)
    questions = questions_of(model.config, tokenizer)
    free = generate(model, tokenizer, questions, max_new_tokens=12)
    bound = generate(model, tokenizer, questions, max_new_tokens=12, allowed=only(LABELS, maker))
    assert not set(free) & set(LABELS)
    assert set(bound) <= set(LABELS)
    alone = [
        generate(model, tokenizer, [question], max_new_tokens=12, allowed=only(LABELS, maker))[0]
        for question in questions
    ]
    assert bound == alone


def test_label_decoding_takes_the_most_probable_continuation(tokenizer):
    model = tiny_model()
    maker = SequenceMaker.of(model.config, tokenizer)
    (question, *_) = questions_of(model.config, tokenizer)
    features = {m: torch.from_numpy(f)[None] for m, f in question.features.items()}
    happy, neutral = (maker.answer_ids(label) for label in ("happy", "neutral"))
    same = next(i for i, (a, b) in enumerate(zip(happy, neutral, strict=False)) if a != b)
    logits = model(torch.tensor([question.ids + happy[:same]]), **features).logits[0, -1].detach()
    best = "happy" if logits[happy[same]] > logits[neutral[same]] else "neutral"
    allowed = only(("happy", "neutral"), maker)
    assert generate(model, tokenizer, [question], allowed=allowed) == [best]


@pytest.mark.parametrize("labels", [(), ("Happy", "happy")])
def test_labels_that_cannot_be_told_apart_are_refused(tokenizer, labels):
    maker = SequenceMaker.of(tiny_model(answer="original").config, tokenizer)
    with pytest.raises(SetupError, match="that differ"):
        only(labels, maker)


def test_disagreement_is_the_share_of_answers_that_differ():
    assert disagreement(["a", "b", "c", "d"], ["a", "b", "x", "d"]) == 0.25
    with pytest.raises(ValueError, match="same clips"):
        disagreement([], [])
    with pytest.raises(ValueError, match="same clips"):
        disagreement(["a"], ["a", "b"])


@pytest.mark.parametrize("learning", [True, False])
def test_answering_in_the_middle_of_training_drops_nothing_out_and_goes_on(tokenizer, learning):
    model = restless(with_lora(tiny_model(), r=4, dropout=0.5)).train(learning)
    questions = questions_of(model.get_base_model().config, tokenizer)
    first = generate_ids(model, tokenizer, questions, 8)
    assert generate_ids(model, tokenizer, questions, 8) == first
    assert model.training is learning


def test_what_a_base_model_says_of_sampling_and_penalties_is_dropped(tokenizer):
    llm = tiny_llm()
    llm.generation_config = GenerationConfig(do_sample=True, top_k=5, repetition_penalty=9.0)
    plain, other = tiny_model(), tiny_model(llm=llm)
    questions = questions_of(plain.config, tokenizer)
    expected = generate_ids(plain, tokenizer, questions, 12)
    assert generate_ids(other, tokenizer, questions, 12) == expected
