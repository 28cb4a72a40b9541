"""Projectors: from the widths of the encoders to the width of the language model."""

import torch
from torch import Tensor, nn

from schemas.instruction import Marker
from trainer.config import EmotionLlamaConfig
from trainer.fusion import ConvAttention, fuse


class Projectors(nn.Module):
    """One Linear per modality, and the fusion if there is one. peft trains it as a whole."""

    def __init__(self, config: EmotionLlamaConfig) -> None:
        super().__init__()
        self.patches_per_token = config.patches_per_token
        for marker in config.markers:
            self.add_module(marker, nn.Linear(config.width(marker), config.hidden_size))
        if config.fusion == "conv-attention":
            self.fusion = ConvAttention(
                config.hidden_size, config.fusion_width, config.fusion_heads
            )

    def forward(
        self, features: dict[Marker, Tensor], samples: dict[Marker, Tensor]
    ) -> tuple[dict[Marker, Tensor], Tensor]:
        """Features [n, ...] and the numbers [n] of their samples -> embeddings [n * tokens, d], and
        a zero that hangs on every parameter which had nothing to do.

        Without this zero a batch without sound would give the projector of sound no gradient, and
        DDP would stop at the next step.
        """
        given = {marker: self._project(marker, values) for marker, values in features.items()}
        flat: dict[Marker, Tensor] = {m: tokens for m, tokens in given.items() if m != "grid"}
        idle = [name for name, _ in self.named_children() if name not in features]
        if hasattr(self, "fusion") and flat:
            given |= fuse(self.fusion, flat, samples)
            idle.remove("fusion")
        sums = [p.sum() for name in idle for p in self.get_submodule(name).parameters()]
        anchor = torch.stack(sums).sum() * 0 if sums else next(self.parameters()).new_zeros(())
        return given, anchor

    def _project(self, marker: Marker, values: Tensor) -> Tensor:
        layer = self.get_submodule(marker)
        values = values.to(layer.weight.dtype)
        if marker == "grid":
            # Four patches beside each other in a row, as the original's view() has it: not 2 x 2.
            values = values.reshape(-1, self.patches_per_token * values.shape[-1])
        projected: Tensor = layer(values)
        return projected
