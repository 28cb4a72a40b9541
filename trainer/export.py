"""The model folder of a run: weights of the chosen checkpoint, tokenizer, configuration."""

import shutil
from pathlib import Path

from trainer.folder import atomic_folder
from trainer.open_model import TRAINED_ON, TrainedOn
from trainer.prepare import Prepared
from trainer.run_checkpoint import MODEL
from trainer.run_folder import RunFolder


def export_model(run: RunFolder, checkpoint: Path, prepared: Prepared) -> None:
    """What `merr predict` and `merr evaluate` open. With LoRA: adapter and projectors; the base
    model is named in config.json and not copied."""
    if run.model.exists():
        shutil.rmtree(run.model)
    with atomic_folder(run.model) as folder:
        shutil.copytree(checkpoint / MODEL, folder, dirs_exist_ok=True)
        told = _trained_on(prepared).model_dump_json(indent=2)
        (folder / TRAINED_ON).write_text(told + "\n", "utf-8")


def _trained_on(prepared: Prepared) -> TrainedOn:
    manifest = prepared.release.manifest
    slots = prepared.samples.cache.slots
    return TrainedOn(
        recipe=prepared.recipe.name,
        release=prepared.release.title,
        release_digest=manifest.digest,
        vocabulary=manifest.vocabulary,
        encoders={
            slot: table.encoder
            for slot, table in slots.items()
            if slot not in prepared.collate.sight.replaces
        },
        grid=prepared.collate.sight.grids is not None,
        eyes=prepared.recipe.model.eyes,
        frame=prepared.recipe.model.frame if prepared.recipe.model.eyes else None,
    )
