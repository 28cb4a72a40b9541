"""What decides the rows of a stage: packages and models of the chosen engine alone."""

import pytest

from pipeline.engines import MADE_BY, Made, made_with
from pipeline.settings import Settings
from pipeline.stages import BY_NAME
from schemas.errors import SetupError


def test_only_the_packages_of_the_chosen_engine_are_named():
    made = made_with(BY_NAME["tone"], Settings())
    assert {"av", "numpy", "pitch"} <= set(made)
    assert "opensmile" not in made


def test_a_package_that_is_not_here_says_which_engine_needs_it_and_how_to_get_it():
    MADE_BY["tone", "crystal"] = Made(("crystal-ball",))
    settings = Settings().model_copy(
        update={"tone": Settings().tone.model_copy(update={"engine": "crystal"})}
    )
    try:
        with pytest.raises(SetupError, match="crystal-ball is not installed; run `merr engines"):
            made_with(BY_NAME["tone"], settings)
    finally:
        del MADE_BY["tone", "crystal"]
