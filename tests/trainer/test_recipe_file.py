"""Recipes: those of the package, one's own, and what is wrong with one."""

import pytest

from schemas.errors import SetupError
from trainer.recipe_file import load_recipe, recipe_keys, recipe_toml, shipped_recipes


@pytest.mark.parametrize("name", ["merr-stage1", "merr-stage2", "merr-label", "demo"])
def test_a_shipped_recipe_survives_being_written_and_read(name, tmp_path):
    recipe = load_recipe(name)
    (tmp_path / "own.toml").write_text(recipe_toml(recipe), "utf-8")
    assert load_recipe(str(tmp_path / "own.toml")) == recipe
    assert recipe.name == name


def test_every_recipe_of_the_issue_is_shipped():
    assert shipped_recipes() == ("demo", "merr-label", "merr-stage1", "merr-stage2")


def test_one_key_is_changed_and_the_rest_stays():
    changed = load_recipe("demo", ["run.seed=7", "data.mix.coarse/emotion=1", "model.llm=tiny"])
    assert changed.run.seed == 7
    assert changed.data.mix["coarse/emotion"] == 1
    plain = load_recipe("demo")
    assert changed.device == plain.device
    assert changed.optimizer == plain.optimizer


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("run.seeed=7", "there is no key run.seeed; did you mean run.seed?"),
        ("optimiser.lr=1", "did you mean optimizer"),
        ("run.seed=tomorrow", "run.seed: .*found 'tomorrow'"),
        ("data.mix.coarse/feeling=1", "coarse/feeling"),
        ("optimizer.lr=0", "optimizer.lr"),
        ("run.seed", "expected section.key=value"),
        ("name.x=1", "name is a value, not a section"),
    ],
)
def test_a_wrong_key_or_value_is_named(assignment, said):
    with pytest.raises(SetupError, match=said):
        load_recipe("demo", [assignment])


def test_a_recipe_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(SetupError, match="did you mean merr-label"):
        load_recipe("merr-labels")


def test_a_missing_key_and_broken_toml_are_told(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('name = "x"\n', "utf-8")
    with pytest.raises(SetupError, match="key data is missing"):
        load_recipe(str(own))
    own.write_text("name = ", "utf-8")
    with pytest.raises(SetupError, match="not valid TOML"):
        load_recipe(str(own))


def test_every_key_has_a_name_of_its_section():
    assert {"name", "data.mix", "model.llm", "device.at_once"} <= set(recipe_keys())
