"""What benchmarks/train_gpu.py measures: sizes of the models, and ways to train."""

from dataclasses import dataclass, replace

from transformers import Blip2VisionConfig, LlamaConfig

from trainer.presets import Preset


@dataclass(frozen=True)
class Sizes:
    """The real ones, or tiny ones for a machine without a GPU."""

    llm: LlamaConfig
    eva: Blip2VisionConfig
    image_px: int
    patches: int
    lengths: tuple[int, int]  # of a sequence, with patches
    answers: tuple[int, int]
    matmul: int
    rank: int


REAL = Sizes(
    llm=LlamaConfig(vocab_size=32000, intermediate_size=11008),  # Llama-2-7B
    eva=Blip2VisionConfig(image_size=448, initializer_range=0.02),
    image_px=448,
    patches=1024,
    lengths=(360, 440),
    answers=(3, 60),
    matmul=8192,
    rank=64,
)
TINY = Sizes(
    llm=LlamaConfig(
        vocab_size=512,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
    ),
    eva=Blip2VisionConfig(
        image_size=28,
        patch_size=7,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.02,
    ),
    image_px=28,
    patches=16,
    lengths=(30, 40),
    answers=(2, 8),
    matmul=256,
    rank=4,
)


@dataclass(frozen=True)
class Variant:
    """One way to train. The fields are those that the original and we differ in."""

    name: str
    at_once: int
    eva: bool  # run for every sample; else its grid comes from the cache
    whole_logits: bool  # of all positions, and all hidden states kept
    row_tokens: int  # 0: a padded row per sample
    half: bool  # float16 and GradScaler; else bfloat16
    attention: str
    checkpointing: bool = False
    grid: bool = True
    compile: bool = False


def ours_of(preset: Preset) -> Variant:
    return Variant(
        "ours",
        preset.at_once,
        False,
        False,
        preset.row_tokens,
        False,
        "sdpa",
        checkpointing=preset.checkpointing,
    )


def variants(preset: Preset) -> list[Variant]:
    original = Variant("the original, re-enacted", 1, True, True, 0, True, "eager")
    ours = ours_of(preset)
    some = min(8, preset.at_once)  # what fits beside EVA, whole logits and hidden states
    return [
        original,
        replace(original, name=f"+ batch of {some}", at_once=some),
        replace(original, name="+ cached EVA", eva=False),
        replace(original, name=f"+ packing, {some} visits", at_once=some, row_tokens=2048),
        replace(original, name="+ wanted logits only", whole_logits=False),
        replace(original, name="+ bfloat16 and sdpa", half=False, attention="sdpa"),
        ours,
        replace(ours, name="ours without packing", row_tokens=0),
        replace(ours, name="ours without patch grid", grid=False, at_once=2 * ours.at_once),
        replace(ours, name="ours, decoder compiled", compile=True),
    ]
