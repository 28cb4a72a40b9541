"""Answers: greedy, in batches padded on the left, with the same tokens as one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import GenerationConfig

from schemas.instruction import MARKERS, Marker
from trainer.sequence import SENTINELS

MAX_NEW_TOKENS: Final = 500  # of the original's evaluation
# (row of the batch, ids made so far) -> ids that may come next
Allowed = Callable[[int, Tensor], list[int]]


@dataclass(frozen=True)
class Question:
    """One prompt (SequenceMaker.prompt) and the features of its clip."""

    ids: list[int]
    features: Mapping[Marker, NDArray[Any]] = field(default_factory=dict)  # [P, W] or [W] each
    pixels: NDArray[np.float32] | None = None  # [3, H, W], for a model with EVA inside


def generate(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    *,
    batch_size: int = 8,
    max_new_tokens: int = MAX_NEW_TOKENS,
    allowed: Allowed | None = None,
) -> list[str]:
    """One answer per question, in order. `model`: an EmotionLlama, or peft around one."""
    answers: list[str] = []
    for first in range(0, len(questions), batch_size):
        batch = questions[first : first + batch_size]
        made = generate_ids(model, tokenizer, batch, max_new_tokens, allowed)
        answers += [tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in made]
    return answers


def generate_ids(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    max_new_tokens: int = MAX_NEW_TOKENS,
    allowed: Allowed | None = None,
) -> list[list[int]]:
    """The ids of each answer of one batch, without its end."""
    end = tokenizer.eos_token_id
    ids, mask = _pad_left([question.ids for question in questions], end)
    device = model.get_input_embeddings().weight.device
    learning = model.training
    model.eval()  # LoRA's dropout would answer differently each time
    made = model.generate(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        features={m: values.to(device) for m, values in stack(questions).items()},
        pixel_values=_pixels(questions, device),
        generation_config=GenerationConfig(
            do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=end, pad_token_id=end
        ),
        prefix_allowed_tokens_fn=allowed,
    )
    model.train(learning)
    return [_until(row, end) for row in made.tolist()]


def stack(questions: Sequence[Question]) -> dict[Marker, Tensor]:
    """Features of every modality, [n, ...], in the order in which their places occur."""
    return {
        marker: torch.stack([torch.from_numpy(np.asarray(f)) for f in found])
        for marker in MARKERS
        if (
            found := [
                q.features[marker]
                for q in questions
                if SENTINELS[marker] in q.ids and marker in q.features
            ]
        )
    }


def _pixels(questions: Sequence[Question], device: Any) -> Tensor | None:
    found = [question.pixels for question in questions if question.pixels is not None]
    return torch.from_numpy(np.stack(found)).to(device) if found else None


def _pad_left(rows: Sequence[list[int]], pad: int) -> tuple[Tensor, Tensor]:
    """[B, T] ids and mask. Padded on the right, answers would be silently wrong."""
    length = max(map(len, rows))
    ids = [[pad] * (length - len(row)) + row for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids), torch.tensor(mask)


def _until(ids: list[int], end: int) -> list[int]:
    return ids[: ids.index(end)] if end in ids else ids


def disagreement(some: Sequence[str], others: Sequence[str]) -> float:
    """Share of answers that differ between two ways to make them.

    In float32 on a CPU batched and single, merged and unmerged agree to the token. In bfloat16 two
    tokens may be equally probable and either come first, so this is measured, not promised.
    """
    if not some or len(some) != len(others):
        raise ValueError(
            f"{len(some)} answers against {len(others)}: they must be of the same clips"
        )
    return sum(a != b for a, b in zip(some, others, strict=True)) / len(some)
