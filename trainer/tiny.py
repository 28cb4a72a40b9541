"""A tiny language model and its tokenizer, made on the spot: what the recipe demo trains."""

from collections.abc import Iterable
from typing import Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

NAME: Final = "tiny"
_ENDS: Final = ("<pad>", "<s>", "</s>")


def make_tokenizer(texts: Iterable[str], words: int = 600) -> PreTrainedTokenizerFast:
    """Byte-level BPE over these texts: it can spell everything."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=words,
            special_tokens=list(_ENDS),
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    pad, begin, end = _ENDS
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, bos_token=begin, eos_token=end
    )


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def make_llm(config: LlamaConfig, *, seed: int, attention: str) -> LlamaForCausalLM:
    """Random weights that the seed decides, float32."""
    torch.manual_seed(seed)
    return LlamaForCausalLM._from_config(config, attn_implementation=attention)
