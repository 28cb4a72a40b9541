"""What benchmarks/train_gpu.py prints: figures, and the settings that they are figures of."""

from table import Figure
from train_bench import Bench, Measured

from trainer.presets import Preset

STAGE_VISITS = 240_000  # both stages of the recipes


def figures(bench: Bench, measured: list[Measured], device: str) -> list[Figure]:
    original = next((m for m in measured if m.name.startswith("the original")), None)
    ours = next((m for m in measured if m.name == "ours"), None)
    lines = [
        Figure("device", device),
        Figure("rate of a product of matrices", f"{bench.rate / 1e12:.3g} TFLOP/s"),
    ]
    for m in measured:
        wanted = "MFU at least 45 %" if bench.gpu and m.name == "ours" else ""
        times = f", {m.samples_per_s / original.samples_per_s:.2f}x" if original else ""
        memory = f", {m.peak_gb:.1f} GB" if m.peak_gb is not None else ""
        lines.append(
            Figure(
                m.name,
                f"{m.samples_per_s:.3g} samples/s{times}, MFU {m.mfu:.1%}, "
                f"{m.step_ms:.1f} ms a step of {m.at_once}{memory}",
                wanted,
            )
        )
    if not bench.gpu:  # tiny sizes: their ratios say nothing about the real ones
        return lines
    if ours and original:
        ratio = ours.samples_per_s / original.samples_per_s
        lines.append(Figure("ours against the original", f"{ratio:.2f}x", "at least 3x"))
    if ours:
        hours = STAGE_VISITS / ours.samples_per_s / 3600
        lines.append(
            Figure(f"both stages, {STAGE_VISITS:,} visits", f"{hours:.2g} h", "2 h on one H200")
        )
    return lines


# What | the original, by its configuration, code and log (emotion-llama.md 3 and 4) | re-enacted
_ORIGINAL = (
    ("language model", "Llama-2-7B-chat, frozen, float16", "its shape, random, frozen, float16"),
    ("LoRA", "r 64, alpha 16, dropout 0.05, q and v, float32", "the same"),
    ("projectors", "five, float32", "the same"),
    ("visits of a step", "1 on each of 4 GPUs, no accumulation", "1 on one GPU"),
    ("precision", "float16 autocast with GradScaler", "the same"),
    ("EVA", "float16, run for every visit, 448 px", "the same, random"),
    ("EVA checkpointing", "yes, of frozen weights: no effect", "no"),
    ("attention", "eager", "eager"),
    ("hidden states", "all 33 kept in each step", "all kept"),
    ("logits", "of all positions, float32", "the same"),
    ("checkpointing of the language model", "no", "no"),
    ("optimizer", "AdamW, betas 0.9 and 0.999, decay 0.05", "the same, torch's own"),
    ("clipping of gradients", "none", "none"),
    ("loss read back", "after each step", "after each step"),
    ("unused classifier head", "5.5 million parameters, never called", "left out"),
    ("data loader", "6 workers; film, three .npy and table per visit", "not in: loader.py"),
    ("distribution", "DDP over 4 A100, unused parameters searched for", "one GPU"),
    ("length", "up to 1024 tokens, about 400", "drawn from 360 to 440"),
)


def print_settings(preset: Preset) -> None:
    """The original's recipe, what was done of it, and ours."""
    ours = {
        "language model": "its shape, random, frozen, bfloat16",
        "LoRA": "the same",
        "projectors": "the same",
        "visits of a step": f"{preset.at_once} on one GPU",
        "precision": "bfloat16 autocast",
        "EVA": "cached",
        "EVA checkpointing": "-",
        "attention": f"sdpa, packed rows of {preset.row_tokens}",
        "hidden states": "the last",
        "logits": "of wanted positions, float32",
        "checkpointing of the language model": "yes" if preset.checkpointing else "no",
        "clipping of gradients": "norm 1",
    }
    print("\nSettings on a GPU; without one everything is tiny and float32.\n")
    print("| setting | the original | re-enacted | ours |\n|---|---|---|---|")
    for what, theirs, here in _ORIGINAL:
        print(f"| {what} | {theirs} | {here} | {ours.get(what, here)} |")
