"""Which samples a recipe trains on and validates with."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from trainer.data import Samples
from trainer.recipe import DataRecipe


def groups_of(samples: Samples, recipe: DataRecipe, split: str) -> dict[str, NDArray[np.int64]]:
    """tier/task of the mix -> numbers of its samples in a split, in the order of the release."""
    tiers, tasks = samples.column("tier"), samples.column("task")
    chosen = (samples.column("split") == split) & _of_clips(samples, recipe)
    groups = {}
    for name in recipe.mix:
        tier, task = name.split("/")
        groups[name] = np.flatnonzero(chosen & (tiers == tier) & (tasks == task))
    return groups


def _of_clips(samples: Samples, recipe: DataRecipe) -> NDArray[np.bool_]:
    if recipe.clips == "all":
        return np.ones(len(samples), np.bool_)
    clips = samples.column("clip_id")
    fine = set(clips[samples.column("tier") == "fine"])
    return np.asarray([clip in fine for clip in clips], np.bool_)


def check_groups(
    samples: Samples, groups: Mapping[str, NDArray[np.int64]], recipe: DataRecipe
) -> None:
    """SetupError where the release lacks what the recipe is about."""
    for name, members in groups.items():
        if not len(members):
            there = ", ".join(f"{n} of {k}" for k, n in counted(samples).items()) or "nothing"
            raise SetupError(
                f"data.mix: the train split of {samples.release.title} has no {name}"
                f"{' of clips with a fine sample' if recipe.clips == 'fine' else ''}; it has "
                f"{there}; choose another recipe or set data.mix"
            )
    labels = set(samples.column("label")[np.concatenate(list(groups.values()))])
    missing = [label for label in recipe.must_have if label not in labels]
    if missing:
        raise SetupError(
            f"data.must_have: no sample with the label {', '.join(missing)} in the train split of "
            f"{samples.release.title}; models trained without it never say it. Publish a release "
            "that has it, or say --set data.must_have=[]"
        )


def counted(samples: Samples) -> dict[str, int]:
    """tier/task -> how many samples of the train split."""
    train = samples.column("split") == "train"
    names = samples.column("tier")[train] + "/" + samples.column("task")[train]
    kinds, counts = np.unique(names.astype(str), return_counts=True)
    return dict(zip(kinds.tolist(), counts.tolist(), strict=True))
