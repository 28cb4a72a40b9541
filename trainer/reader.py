"""What one process reads: its batches of the plan, from any step on, and those of a validation."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from trainer.batch import Batch, Collator
from trainer.packing import chunks_of
from trainer.plan import Plan


@dataclass(frozen=True)
class Share:
    """One process among all that train together."""

    rank: int
    world: int


class StepReader(Dataset[Batch]):
    """Item k is batch k of this process, counted over the whole run."""

    def __init__(
        self,
        plan: Plan,
        collate: Collator,
        share: Share,
        *,
        at_once: int,
        loss: Literal["sample", "token"],
    ) -> None:
        self.plan = plan
        self.collate = collate
        self.share = share
        self.loss = loss
        self.parts = chunks_of(plan.per_step // share.world, at_once)

    @property
    def batches_per_step(self) -> int:
        return len(self.parts)

    def __len__(self) -> int:
        return self.plan.steps * self.batches_per_step

    def __getitem__(self, number: int) -> Batch:
        step, part = divmod(number, self.batches_per_step)
        visited = self.plan.step(step)
        mine = visited[self.share.rank :: self.share.world][self.parts[part]]
        return self.collate(mine.tolist(), self.weights(mine, visited).tolist())

    def weights(self, mine: NDArray[np.int64], step: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of one answer token of each sample; over all answer tokens of a step they sum to 1."""
        answers = self.collate.table.answers
        if self.loss == "token":
            return np.full(len(mine), 1 / answers[step].sum())
        return 1 / (answers[mine] * len(step))


class ValidationReader(Dataset[Batch]):
    """Every sample once over all processes; each process has as many batches as the others, for
    which it may read a sample again with the weight 0."""

    def __init__(
        self, numbers: NDArray[np.int64], collate: Collator, share: Share, *, at_once: int
    ) -> None:
        self.collate = collate
        self.count = len(numbers)
        each = -(-len(numbers) // share.world)
        places = np.arange(each) * share.world + share.rank
        self.real = places < len(numbers)
        self.numbers = numbers[np.minimum(places, len(numbers) - 1)]
        self.parts = chunks_of(each, at_once)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, number: int) -> Batch:
        mine = self.numbers[self.parts[number]]
        weights = self.real[self.parts[number]] / (self.collate.table.answers[mine] * self.count)
        return self.collate(mine.tolist(), weights.tolist())


def loader(
    reader: StepReader | ValidationReader, *, first: int = 0, workers: int = 0, pinned: bool = False
) -> DataLoader[Batch]:
    """Batches from number `first` on. Nothing before it is read."""
    return DataLoader(
        reader,
        batch_size=None,
        sampler=range(first, len(reader)),
        num_workers=workers,
        pin_memory=pinned,
        persistent_workers=False,
    )
