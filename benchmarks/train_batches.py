"""Batches of made-up visits for benchmarks/train_gpu.py."""

from typing import Any

import numpy as np
import torch
from train_variants import Sizes, Variant

from trainer.batch import Batch
from trainer.loop import on_device
from trainer.packing import rows_of
from trainer.sequence import IGNORED, SENTINELS


class Visits:
    """Draws lengths, ids and features from one generator."""

    def __init__(self, sizes: Sizes, device: torch.device) -> None:
        self.sizes = sizes
        self.device = device
        self.rng = np.random.default_rng(7)

    def drawn(self, variant: Variant) -> list[tuple[int, int]]:
        """(tokens, answer tokens) of every visit of a step."""
        few, many = self.sizes.answers
        low, high = self.sizes.lengths
        without = 0 if variant.grid else self.sizes.patches // 4
        lengths = self.rng.integers(low, high + 1, variant.at_once) - without
        return [(int(n), many if i % 2 else few) for i, n in enumerate(lengths)]

    def batch(self, visits: list[tuple[int, int]], variant: Variant) -> Batch:
        rows = rows_of([tokens for tokens, _ in visits], variant.row_tokens)
        width = max(sum(visits[place][0] for place in row) for row in rows)
        ids = np.zeros((len(rows), width), np.int64)
        positions, labels = np.zeros_like(ids), np.full_like(ids, IGNORED)
        mask, weights = np.zeros_like(ids, np.bool_), []
        for number, row in enumerate(rows):
            at = 0
            for place in row:
                tokens, answer = visits[place]
                part = slice(at, at + tokens)
                ids[number, part] = self.sequence(tokens, variant)
                labels[number, part.stop - answer : part.stop] = ids[
                    number, part.stop - answer : part.stop
                ]
                positions[number, part] = np.arange(tokens)
                mask[number, part] = True
                weights += [1 / answer / len(visits)] * answer
                at = part.stop
            positions[number, at:] = np.arange(width - at)
        inputs = {"input_ids": ids, "labels": labels}
        inputs |= {"position_ids": positions} if variant.row_tokens else {"attention_mask": mask}
        tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
        tensors |= self.features(len(visits), variant)
        real = sum(tokens for tokens, _ in visits)
        made = Batch(tensors, torch.tensor(weights, dtype=torch.float32), real)
        return on_device(made, self.device)

    def sequence(self, tokens: int, variant: Variant) -> np.ndarray[Any, np.dtype[np.int64]]:
        ids = self.rng.integers(3, self.sizes.llm.vocab_size, tokens)
        head = [SENTINELS["grid"]] * (self.sizes.patches // 4 if variant.grid else 0)
        places = [*head, *(SENTINELS[m] for m in SENTINELS if m != "grid")]
        ids[1 : 1 + len(places)] = places
        return ids

    def features(self, visits: int, variant: Variant) -> dict[str, torch.Tensor]:
        def drawn(*shape: int) -> torch.Tensor:
            return torch.from_numpy(self.rng.standard_normal(shape, np.float32).astype(np.float16))

        found = {slot: drawn(visits, 1024) for slot in ("face", "motion", "audio")}
        if variant.eva:
            side = self.sizes.image_px
            return found | {"pixel_values": drawn(visits, 3, side, side)}
        found["image"] = drawn(visits, self.sizes.eva.hidden_size)
        if variant.grid:
            found["grid"] = drawn(visits, self.sizes.patches, self.sizes.eva.hidden_size)
        return found
