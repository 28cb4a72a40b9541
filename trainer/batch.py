"""A batch as the model reads it, out of token table and features."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data import Samples
from trainer.packing import rows_of
from trainer.sequence import IGNORED
from trainer.sight import Sight
from trainer.tokens import TokenTable


class Batch(NamedTuple):
    inputs: dict[str, Tensor]  # of EmotionLlama.forward
    weights: Tensor  # [wanted] float32, of each wanted token in the order of the logits
    tokens: int  # without padding


@dataclass(frozen=True)
class Collator:
    """Reads samples and lays them into rows. Draws nothing, so a batch depends on its samples
    alone, whatever process reads it."""

    samples: Samples  # of the whole cache: number of a sample = its row
    table: TokenTable
    sight: Sight
    clips: NDArray[np.object_]  # clip_id of every sample
    row_tokens: int

    def __call__(self, numbers: Sequence[int], weights: Sequence[float]) -> Batch:
        """`weights`: of one answer token of each sample; where it is 0 nothing is wanted."""
        lengths = [int(self.table.offsets[n + 1] - self.table.offsets[n]) for n in numbers]
        rows = rows_of(lengths, self.row_tokens)
        ids, positions, labels = self._filled(numbers, rows, lengths)
        order = [place for row in rows for place in row]
        inputs = {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}
        if self.row_tokens:
            inputs["position_ids"] = torch.from_numpy(positions)
        else:
            real = np.arange(ids.shape[1]) < np.asarray([[lengths[p]] for p in order])
            inputs["attention_mask"] = torch.from_numpy(real)
        inputs |= self._features([numbers[place] for place in order])
        each = [np.full(self.table.answers[numbers[p]], weights[p], np.float32) for p in order]
        return Batch(inputs, torch.from_numpy(np.concatenate(each)), sum(lengths))

    def _filled(
        self, numbers: Sequence[int], rows: list[list[int]], lengths: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Ids, positions, labels [B, T]. What is left of a row is a segment of its own."""
        width = max(sum(lengths[place] for place in row) for row in rows)
        ids = np.zeros((len(rows), width), np.int64)
        positions, labels = np.zeros_like(ids), np.full_like(ids, IGNORED)
        for number, row in enumerate(rows):
            at = 0
            for place in row:
                part = slice(at, at + lengths[place])
                ids[number, part], labels[number, part] = self.table.sequence(numbers[place])
                positions[number, part] = np.arange(lengths[place])
                at = part.stop
            positions[number, at:] = np.arange(width - at)
        return ids, positions, labels

    def _features(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """Slot -> [n, width] in the order of the samples; a slot that none has is not there."""
        found: dict[str, list[NDArray[np.float16]]] = {}
        for number in numbers:
            for slot, vector in self.samples.features(number).items():
                if slot not in self.sight.replaces:
                    found.setdefault(slot, []).append(vector)
        stacked = {slot: torch.from_numpy(np.stack(rows)) for slot, rows in found.items()}
        return stacked | self.sight.inputs([self.clips[number] for number in numbers])
