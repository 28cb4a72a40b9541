"""A trained model, opened to answer: out of the folder of a run, or its model folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError
from transformers.utils.logging import disable_progress_bar

from schemas.errors import SetupError
from schemas.units import Row
from trainer.build_model import inner_model, start_folder
from trainer.checkpoint import load_model
from trainer.config import EmotionLlamaConfig
from trainer.recipe_model import DTYPES
from trainer.sequence import SequenceMaker

TRAINED_ON: Final = "trained_on.json"


class TrainedOn(Row):
    """What a model has seen: features of other encoders mean nothing to it. Where all is None that
    can be, nobody says: the model was converted from the original."""

    recipe: str | None  # name
    release: str | None  # NAME X.Y.Z
    release_digest: str | None
    vocabulary: str | None
    encoders: dict[str, str]  # slot -> encoder of its features; empty where nobody says
    grid: bool  # it reads cached patch grids
    eyes: str | None = None  # the EVA inside of it, which sees pictures itself
    frame: str | None = None  # which frame of a clip those are


@dataclass(frozen=True)
class TrainedModel:
    """`model`: an EmotionLlama, or peft around one, in evaluation mode on its device."""

    model: Any
    tokenizer: Any
    config: EmotionLlamaConfig
    maker: SequenceMaker
    trained_on: TrainedOn


def open_model(folder: Path, *, precision: str = "fp32", device: str = "cpu") -> TrainedModel:
    """`folder`: a run, or a model folder. With LoRA the base model that config.json names is
    loaded, too. SetupError where something of it is missing."""
    disable_progress_bar()
    found = start_folder(folder)
    model, tokenizer = load_model(found, dtype=DTYPES[precision])
    model = model.to(torch.device(device))
    config = inner_model(model).config
    return TrainedModel(
        model, tokenizer, config, SequenceMaker.of(config, tokenizer), _trained_on(found, config)
    )


def _trained_on(folder: Path, config: EmotionLlamaConfig) -> TrainedOn:
    path = folder / TRAINED_ON
    if not path.exists():
        eyes = config.vision_config is not None
        return TrainedOn(
            recipe=None,
            release=None,
            release_digest=None,
            vocabulary=None,
            encoders={},
            grid="grid" in config.markers and not eyes,
            eyes=(config.vision_name or "inside") if eyes else None,
            frame=config.frame,
        )
    try:
        return TrainedOn.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as e:
        raise SetupError(
            f"{path}: cannot be read ({str(e).splitlines()[0]}), so nobody knows which features "
            "this model reads; give the folder of a run that ended"
        ) from e
