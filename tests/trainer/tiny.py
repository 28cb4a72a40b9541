"""Tiny random parts with the real structure: tokenizer, language model, EVA, Emotion-LLaMA."""

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Blip2VisionConfig,
    Blip2VisionModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from schemas.instruction import MARKERS, lay_out
from trainer.config import EmotionLlamaConfig
from trainer.model import EmotionLlama
from trainer.vision import Eyes

torch.set_num_threads(1)  # matrices this small gain nothing by two, and wait on a busy machine

HIDDEN = 32
WIDTHS = {"grid": 8, "face": 6, "motion": 7, "audio": 5, "image": 8}
PATCHES = 16
SIDE_PX = 56  # 4 x 4 patches of 14 px
TEXTS = [
    lay_out("emotion", "Choose one of happy, sad, angry, neutral.", "The person in video says"),
    lay_out("reason", "Why does the person feel so? Look at face, voice and words.", "Oh no!"),
    "a smile and a high voice say that this is happy, not sad, angry or neutral",
]


def tiny_tokenizer():
    """Byte-fallback BPE with a blank before each segment, as Llama-2's."""
    core = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    letters = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<unk>", "<s>", "</s>", *letters], show_progress=False
    )
    core.train_from_iterator(TEXTS * 3, trainer)
    special = [AddedToken(name, special=True, normalized=False) for name in ("<s>", "</s>")]
    core.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def tiny_llm(vocabulary=420, *, seed=0, attention="sdpa", layers=2, **more):
    """A random Llama; its weights are large enough that answers differ."""
    torch.manual_seed(seed)
    fields = {
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    config = LlamaConfig(**(fields | more))
    return LlamaForCausalLM._from_config(config, attn_implementation=attention)


def tiny_config(llm, **more):
    widths = {f"{marker}_width": width for marker, width in WIDTHS.items()}
    options = {"grid_patches": PATCHES, "fusion_width": 16, "fusion_heads": 2}
    return EmotionLlamaConfig(text_config=llm.config, **(widths | options | more))


def tiny_model(*, seed=0, attention="sdpa", vision=None, llm=None, **more):
    llm = llm or tiny_llm(seed=seed, attention=attention)
    torch.manual_seed(seed + 1)
    return EmotionLlama.from_parts(tiny_config(llm, **more), llm, vision).eval()


def tiny_eva(*, side_px=SIDE_PX, layers=3, seed=0):
    """EVA's structure; its own initial weights (1e-10) would hide any fault."""
    torch.manual_seed(seed)
    config = Blip2VisionConfig(
        hidden_size=8,
        intermediate_size=35,
        num_hidden_layers=layers,
        num_attention_heads=2,
        image_size=side_px,
        initializer_range=0.3,
    )
    model = Blip2VisionModel(config)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "bias" in name or "norm" in name or "embedding" in name:
                values.add_(torch.randn_like(values) * 0.2)
    return model.eval()


def tiny_eyes(**more):
    return Eyes(tiny_eva(**more))


def features_of(seed, markers=MARKERS):
    """Features of one clip, float16 as a release has them."""
    drawn = np.random.default_rng(seed)
    return {
        marker: drawn.normal(size=(PATCHES, WIDTHS[marker]) if marker == "grid" else WIDTHS[marker])
        .astype(np.float16)
        for marker in MARKERS
        if marker in markers
    }  # fmt: skip
