"""What a run has of the pictures: cached patch grids, frames for EVA to look at, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schemas.grid import PatchGrid
from schemas.instruction import Marker
from trainer.frames import Frames
from trainer.vision import pixels_of


@dataclass(frozen=True)
class Sight:
    """At most one of `grids` and `frames`."""

    grids: PatchGrid | None = None
    frames: Frames | None = None
    side_px: int | None = None  # of what EVA sees; None: no frames
    patches: bool = True  # EVA gives its patches, too; else its CLS alone

    @property
    def replaces(self) -> tuple[str, ...]:
        """Slots of the table features that are not read: EVA says them anew."""
        return ("image",) if self.frames else ()

    @property
    def beside(self) -> dict[Marker, tuple[str, ...]]:
        """Modality -> clips that have it."""
        if self.grids:
            return {"grid": self.grids.clip_ids}
        if self.frames is None:
            return {}
        clips = tuple(self.frames.place)
        return {"grid": clips, "image": clips} if self.patches else {"image": clips}

    def inputs(self, clips: Sequence[str]) -> dict[str, Tensor]:
        """Of EmotionLlama.forward, for the clips that have something, in their order."""
        if self.grids and (seen := [clip for clip in clips if clip in self.grids]):
            return {"grid": torch.from_numpy(self.grids.rows(seen))}
        if self.frames and self.side_px and (seen := [c for c in clips if c in self.frames]):
            pictures = [pixels_of(self.frames.jpeg(clip), self.side_px) for clip in seen]
            return {"pixel_values": torch.from_numpy(np.stack(pictures))}
        return {}
