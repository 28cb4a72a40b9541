"""Does a language model keep packed samples apart? Asked of the model itself, before training."""

from typing import Any, Final

import torch

from schemas.errors import SetupError

_FIRST: Final = 6  # tokens of the sample before
_SECOND: Final = 4


def check_packing(llm: Any) -> None:
    """SetupError for a model whose second sample changes with the first.

    Models of transformers that make their mask by its own means see packed samples; recurrent ones
    and code of others need not, and none of them would say so.
    """
    device = llm.get_input_embeddings().weight.device
    ids = torch.arange(1, 1 + _FIRST + _SECOND, device=device)[None]
    other = ids.clone()
    other[:, :_FIRST] = ids[:, :_FIRST].flip(1) + _FIRST + _SECOND
    positions = torch.cat([torch.arange(_FIRST), torch.arange(_SECOND)])[None].to(device)
    learning = llm.training
    llm.eval()
    with torch.no_grad():
        one, two = (
            llm(input_ids=row, position_ids=positions, use_cache=False).logits[:, _FIRST:].float()
            for row in (ids, other)
        )
    llm.train(learning)
    if (one - two).abs().max() > 1e-3 * one.abs().max():
        raise SetupError(
            f"{llm.config.model_type} lets packed samples see each other: train it without "
            "packing, --set device.row_tokens=0"
        )
