"""Conv-Attention: utterance embeddings of a clip look at each other before the language model."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from schemas.instruction import MARKERS, Marker

_COLUMNS: Final = MARKERS[1:]  # one embedding per clip each; the patch grid is apart


class _ZeroLinear(nn.Linear):
    """Begins as nothing, whoever initialises it."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class ConvAttention(nn.Module):
    """Adds to each utterance embedding what its neighbours (convolution over the modalities, kernel
    3) and all others (attention) say, in a narrow space of `width`.

    Ours: the authors name such a module (SZTU-CMU at MER2024, Emotion-LLaMAv2) and have published
    no code. It begins as identity, `up` being zero.
    """

    def __init__(self, hidden: int, width: int, heads: int) -> None:
        super().__init__()
        self.down = nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.conv = nn.Conv1d(width, width, kernel_size=3, padding=1)
        self.up = _ZeroLinear(width, hidden)

    def forward(self, tokens: Tensor, there: Tensor) -> Tensor:
        """[S, M, d] embeddings, [S, M] bool which of them exist -> [S, M, d]. What does not exist
        is neither attended to nor convolved; every sample needs one that exists."""
        narrow = self.norm(self.down(tokens)) * there[..., None]
        told, _ = self.attention(narrow, narrow, narrow, ~there, need_weights=False)
        near = self.conv(narrow.transpose(1, 2)).transpose(1, 2)
        added: Tensor = tokens + self.up(nn.functional.gelu(told + near))
        return added


def fuse(
    module: ConvAttention, tokens: Mapping[Marker, Tensor], samples: Mapping[Marker, Tensor]
) -> dict[Marker, Tensor]:
    """`tokens`: [n, d] per modality; `samples`: [n] the number of each one's sample. A modality has
    its own column whatever else the batch holds: neighbours decide a convolution."""
    numbers, where = torch.unique(torch.cat([samples[m] for m in tokens]), return_inverse=True)
    columns = torch.cat([torch.full_like(samples[m], _COLUMNS.index(m)) for m in tokens])
    flat = torch.cat(list(tokens.values()))
    table = flat.new_zeros(len(numbers), len(_COLUMNS), flat.shape[-1])
    there = torch.zeros(table.shape[:2], dtype=torch.bool, device=flat.device)
    table = table.index_put((where, columns), flat)
    there[where, columns] = True
    fused = module(table, there)[where, columns]
    parts = fused.split([len(values) for values in tokens.values()])
    return dict(zip(tokens, parts, strict=True))
