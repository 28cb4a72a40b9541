"""Other language models than Llama: packed, answered and refused alike."""

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

import transformers as t

from schemas.errors import SetupError
from tests.trainer.samples import packed, samples_of
from tests.trainer.test_model import apart, learn, separately
from tests.trainer.tiny import HIDDEN, tiny_llm, tiny_model, tiny_tokenizer
from trainer.generate import Question, generate_ids
from trainer.lora import with_lora
from trainer.packing_check import check_packing

pytestmark = [pytest.mark.slow, pytest.mark.model]
SIZE = {
    "vocab_size": 420,
    "hidden_size": HIDDEN,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.2,
}
FEW = {"num_key_value_heads": 2, "head_dim": 8}
MODELS = {
    "qwen2": (t.Qwen2Config, {"num_key_value_heads": 2, "tie_word_embeddings": True}),
    "qwen3": (t.Qwen3Config, FEW),
    "mistral": (t.MistralConfig, FEW | {"sliding_window": 8}),
    "gemma2": (t.Gemma2Config, FEW | {"sliding_window": 8}),
    "phi3": (t.Phi3Config, {"num_key_value_heads": 2}),
    "gpt_neox": (t.GPTNeoXConfig, {}),
    "gpt2": (t.GPT2Config, {}),
}
TARGETS = {"phi3": ("qkv_proj",), "gpt_neox": ("query_key_value",)}


def other_llm(kind):
    torch.manual_seed(0)
    config, more = MODELS[kind]
    return t.AutoModelForCausalLM.from_config(config(**(SIZE | more)))


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "gpt2"])
def test_packed_loss_and_gradients_are_those_of_the_samples_alone(kind):
    llm = other_llm(kind)
    check_packing(llm)
    model = with_lora(tiny_model(llm=llm), r=4, dropout=0.0, targets=TARGETS.get(kind, ("q_proj",)))
    samples = samples_of(model.get_base_model().config)
    loss, found = learn(model, **packed(samples))
    alone, expected = separately(model, samples)
    torch.testing.assert_close(loss, alone, rtol=1e-5, atol=0)
    assert apart(expected, found) < 1e-5


@pytest.mark.parametrize("kind", MODELS)
def test_a_batch_answers_as_one_by_one(kind):
    model = tiny_model(llm=other_llm(kind))
    tokenizer = tiny_tokenizer()
    questions = [
        Question([i for i, want in zip(made.ids, made.labels, strict=True) if want < 0], features)
        for made, features in samples_of(model.config, tokenizer)
    ]
    together = generate_ids(model, tokenizer, questions, 8)
    assert together == [generate_ids(model, tokenizer, [q], 8)[0] for q in questions]


class Mixing:
    """A language model that looks at the row before its samples."""

    training = False

    def __init__(self):
        self.llm = tiny_llm()
        self.config = self.llm.config

    def get_input_embeddings(self):
        return self.llm.get_input_embeddings()

    def eval(self):
        return self

    def train(self, learning):
        return self

    def __call__(self, input_ids, position_ids, use_cache):
        return self.llm(input_ids=input_ids, position_ids=position_ids, use_cache=True)


def test_lora_needs_linear_layers_and_says_so():
    with pytest.raises(SetupError, match="gpt2 has no Linear layer called q_proj or v_proj"):
        with_lora(tiny_model(llm=other_llm("gpt2")))


def test_a_model_that_mixes_packed_samples_is_refused():
    with pytest.raises(SetupError, match="lets packed samples see each other"):
        check_packing(Mixing())
