"""What a recipe takes of a release."""

import numpy as np
import pytest

from schemas.errors import SetupError
from tests.trainer.small_release import feature, instruction, samples_of, write_release
from trainer.data import load
from trainer.recipe_file import load_recipe
from trainer.selection import check_groups, groups_of


@pytest.fixture
def samples(tmp_path):
    """Two clips with a fine sample, one of them neutral; one clip with its label alone."""
    rows = [
        *samples_of("a", "neutral", "eyes shut", None),
        *samples_of("b", "sad", "eyes shut", None),
        instruction("c", tier="coarse", task="emotion", label="happy", target="happy"),
    ]
    seen = [feature(clip, "face", [1.0]) for clip in "abc"]
    release = write_release(tmp_path / "r" / "0.1.0", {"train": rows}, {"train": seen})
    return load(release, cache=tmp_path)


def test_label_words_are_asked_of_the_list_with_neutral_alone(samples):
    recipe = load_recipe("merr-label").data
    groups = groups_of(samples, recipe, "train")
    chosen = groups["coarse/emotion"]
    assert samples.column("clip_id")[chosen].tolist() == ["a", "b"]
    assert samples.column("target")[chosen].tolist() == ["neutral", "sad"]
    check_groups(samples, groups, recipe)


def test_a_list_without_neutral_is_refused(samples):
    recipe = load_recipe("merr-label").data
    groups = {"coarse/emotion": np.asarray([3])}
    with pytest.raises(SetupError, match="no sample with the label neutral"):
        check_groups(samples, groups, recipe)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("merr-stage1", {"coarse/emotion": 3, "coarse/reason": 2}),
        ("merr-stage2", {"fine/reason": 2}),
        ("demo", {"coarse/emotion": 3, "coarse/reason": 2, "fine/reason": 2}),
    ],
)
def test_a_recipe_takes_its_tiers_and_tasks(recipe, expected, samples):
    groups = groups_of(samples, load_recipe(recipe).data, "train")
    assert {name: len(members) for name, members in groups.items()} == expected


def test_another_split_is_never_among_them(samples):
    assert not any(len(g) for g in groups_of(samples, load_recipe("demo").data, "test").values())


def test_what_the_release_lacks_is_said_with_what_it_has(samples):
    recipe = load_recipe("demo", ['data.mix={"fine/emotion" = 1}']).data
    with pytest.raises(SetupError, match="has no fine/emotion; it has 3 of coarse/emotion"):
        check_groups(samples, groups_of(samples, recipe, "train"), recipe)
