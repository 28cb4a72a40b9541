"""Everything of a run but its weights: data, tokens, order, configuration of the model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from schemas.grid import PatchGrid
from schemas.instruction import MARKERS
from trainer.batch import Collator
from trainer.config import EmotionLlamaConfig
from trainer.data import Samples, load
from trainer.frames import open_frames
from trainer.plan import Plan, make_plan, streams_of
from trainer.recipe import ModelRecipe, Recipe
from trainer.recipe_model import llm_config_of, tokenizer_of, vision_config
from trainer.release import Release, open_release
from trainer.selection import check_groups, groups_of
from trainer.sequence import SequenceMaker, turn_of
from trainer.sight import Sight
from trainer.tokens import tokenised


@dataclass(frozen=True)
class Prepared:
    release: Release
    recipe: Recipe
    tokenizer: Any
    config: EmotionLlamaConfig
    collate: Collator
    plan: Plan
    validation: NDArray[np.int64]  # numbers of the validation samples; may be empty

    @property
    def samples(self) -> Samples:
        return self.collate.samples

    @property
    def coverage(self) -> dict[str, float]:
        """Modality -> share of the samples to train on whose clip has it. The others go without: no
        place in the sequence, no zeros in its stead."""
        numbers = np.unique(self.plan.visits)
        shares: dict[str, float] = {
            slot: float(table.there[numbers].mean())
            for slot, table in self.samples.cache.slots.items()
        }
        clips = self.collate.clips[numbers]
        for name, having in self.collate.sight.beside.items():
            shares[name] = float(np.isin(clips.astype(str), having).mean())
        return {marker: shares[marker] for marker in MARKERS if marker in shares}

    @property
    def coverage_text(self) -> str:
        """ "grid 100%, face 98%"."""
        return ", ".join(f"{slot} {share:.0%}" for slot, share in self.coverage.items())


def prepare(
    release: Path, recipe: Recipe, *, cache: Path, tokenizer: Path | None, grid: Path | None
) -> Prepared:
    """Reads, caches and tokenises. `tokenizer`: that of a run which goes on; None: the recipe's.
    SetupError where recipe and release do not fit."""
    opened = open_release(release)
    samples = load(opened, cache=cache, encoders=recipe.data.encoders)
    samples = samples.without(recipe.model.without)
    groups = groups_of(samples, recipe.data, "train")
    check_groups(samples, groups, recipe.data)
    sight = _sight(recipe.model, opened, cache, grid)
    words = tokenizer_of(recipe.model.llm, samples, tokenizer)
    config = _config(recipe, samples, words, sight)
    table = tokenised(samples, SequenceMaker.of(config, words), sight.beside)
    held = groups_of(samples, recipe.data, "val")
    validation = np.sort(np.concatenate(list(held.values())))
    _check_lengths(table.lengths, np.concatenate([*groups.values(), validation]), recipe)
    clips = samples.column("clip_id")
    plan = make_plan(
        streams_of(
            groups,
            recipe.data.mix,
            sample_ids=samples.column("sample_id"),
            labels=samples.column("label"),
            balance=recipe.data.balance,
        ),
        visits=recipe.run.visits,
        per_step=recipe.run.per_step,
        seed=recipe.run.seed,
    )
    collate = Collator(samples, table, sight, clips, recipe.device.row_tokens)
    prepared = Prepared(opened, recipe, words, config, collate, plan, validation)
    if sight.grids and prepared.coverage["grid"] == 0:
        raise SetupError(f"--grid {grid}: holds no clip of {opened.title}; give that work folder's")
    return prepared


def _sight(recipe: ModelRecipe, release: Release, cache: Path, grid: Path | None) -> Sight:
    if recipe.eyes is not None:
        eva = vision_config(recipe.eyes)
        frames = open_frames(release, cache, recipe.frame)
        return Sight(frames=frames, side_px=eva.image_size, patches=recipe.grid)
    if not recipe.grid:
        return Sight()
    if grid is None:
        raise SetupError(
            "model.grid: the recipe wants the patch grids of the peak frames; give the folder of "
            "the grid cache with --grid, run EVA in training (--set model.eyes=...), or do "
            "without: --set model.grid=false"
        )
    return Sight(grids=PatchGrid.open(grid))


def _config(recipe: Recipe, samples: Samples, tokenizer: Any, sight: Sight) -> EmotionLlamaConfig:
    there = {*samples.widths, *sight.beside}
    if not there:
        raise SetupError(
            f"{samples.release.title}: has no features that are read, so the model would see "
            "nothing but words; run `merr features` on the work folder and publish again, or leave "
            "less out (model.without)"
        )
    widths: dict[str, Any] = {f"{slot}_width": width for slot, width in samples.widths.items()}
    if sight.grids:
        widths |= {"grid_patches": sight.grids.shape[0], "grid_width": sight.grids.shape[1]}
    if recipe.model.eyes:
        widths |= _of_eyes(recipe.model)
    return EmotionLlamaConfig(
        text_config=llm_config_of(recipe.model.llm, tokenizer),
        llm_name=recipe.model.llm if recipe.model.adapter == "lora" else None,
        used=[marker for marker in MARKERS if marker in there],
        fusion=recipe.model.fusion,
        layout=recipe.model.layout,
        turn=turn_of(tokenizer),
        answer=recipe.data.answers,
        **widths,
    )


def _of_eyes(recipe: ModelRecipe) -> dict[str, Any]:
    eva = vision_config(str(recipe.eyes))
    return {
        "vision_config": eva,
        "vision_name": recipe.eyes,
        "frame": recipe.frame,
        "grid_patches": (eva.image_size // eva.patch_size) ** 2,
        "grid_width": eva.hidden_size,
        "image_width": eva.hidden_size,
    }


def _check_lengths(lengths: NDArray[np.int64], numbers: NDArray[np.int64], recipe: Recipe) -> None:
    longest = int(lengths[numbers].max())
    if longest > recipe.run.max_length:
        many = int((lengths[numbers] > recipe.run.max_length).sum())
        raise SetupError(
            f"run.max_length: {many} samples are longer than {recipe.run.max_length} tokens, the "
            f"longest has {longest}; no text is cut in silence: say --set run.max_length={longest}"
        )
