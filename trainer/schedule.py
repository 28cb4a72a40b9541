"""The learning rate as a function of the step, so that nothing of it needs to be stored."""

import math

from trainer.recipe import OptimizerRecipe


def learning_rate(recipe: OptimizerRecipe, *, step: int, steps: int, warmup: int) -> float:
    """Of step `step` (from 0) of `steps`: linear over `warmup` steps, then the cosine from `lr` to
    `lr_end`, which counts from step 0 as in the original. `lr` = `lr_end` is a constant rate."""
    if step < warmup:
        return recipe.lr_start + (recipe.lr - recipe.lr_start) * step / warmup
    turn = math.cos(math.pi * step / max(steps, 1))
    return recipe.lr_end + (recipe.lr - recipe.lr_end) * 0.5 * (1 + turn)
