"""Samples of different lengths and modalities, and the batches made of them."""

import numpy as np
import torch

from schemas.instruction import MARKERS, lay_out
from tests.trainer.tiny import features_of, tiny_tokenizer
from trainer.sequence import IGNORED, SequenceMaker

SAID = ["Oh no!", None, "I am so happy", "a smile, and a high voice", "sad"]
TARGETS = ["happy", "sad, and angry", "neutral", "a smile and a high voice say happy", "no"]
PRESENT = [MARKERS, ("audio", "face"), ("grid", "image"), MARKERS, ("motion",)]


def samples_of(config, tokenizer=None):
    """(sequence, features) of five clips."""
    maker = SequenceMaker.of(config, tokenizer or tiny_tokenizer())
    return [
        (maker.sample(lay_out("reason", "Why?", said), target, there), features_of(i, there))
        for i, (said, target, there) in enumerate(zip(SAID, TARGETS, PRESENT, strict=True))
    ]


def stacked(samples):
    """Features in the order in which their places occur."""
    return {
        marker: torch.from_numpy(np.stack(found))
        for marker in MARKERS
        if (found := [features[marker] for _, features in samples if marker in features])
    }


def packed(samples):
    """One row: positions restart, no mask."""
    return {
        "input_ids": torch.tensor([[i for made, _ in samples for i in made.ids]]),
        "labels": torch.tensor([[i for made, _ in samples for i in made.labels]]),
        "position_ids": torch.cat([torch.arange(len(made.ids)) for made, _ in samples])[None],
        **stacked(samples),
    }


def padded(samples, end=2):
    """A row per sample, padded on the right and masked."""
    length = max(len(made.ids) for made, _ in samples)

    def fill(rows, value):
        return torch.tensor([row + [value] * (length - len(row)) for row in rows])

    return {
        "input_ids": fill([made.ids for made, _ in samples], end),
        "labels": fill([made.labels for made, _ in samples], IGNORED),
        "attention_mask": fill([[1] * len(made.ids) for made, _ in samples], 0),
        **stacked(samples),
    }
