"""docs/trainers.md says what the code does: keys, recipes, presets, options, links."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

from flows.cli import app
from trainer.recipe_file import load_recipe, recipe_keys, shipped_recipes

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "trainers.md").read_text("utf-8")
PRESETS = tomllib.loads((ROOT / "trainer" / "presets.toml").read_text("utf-8"))
SECTIONS = ("data", "model", "optimizer", "run", "device")


def commands():
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.S)
    lines = [line.split("  #")[0] for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("merr ")]


def rows(first):
    table = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0]
    return [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_key_of_a_recipe_is_explained_and_no_other_is_named():
    named = set(re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[a-z_0-9]+)", PAGE))
    files = {"run.json"}
    assert named - files == {key for key in recipe_keys() if "." in key}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_shown_exists_with_its_options(words):
    known = typer.main.get_command(app).commands
    if words[1] not in known:
        pytest.skip(f"merr {words[1]} comes with another part")
    options = {name for p in known[words[1]].params for name in p.opts}
    assert {word for word in words if word.startswith("--")} <= options
    if words[1] == "train":
        changed = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
        assert load_recipe(words[words.index("--recipe") + 1], changed)


def test_the_recipes_of_the_page_are_those_of_the_package_with_their_visits():
    told = {name.strip("`"): visits for name, _, visits, *_ in rows("recipe")}
    assert set(told) == set(shipped_recipes())
    for name, visits in told.items():
        assert load_recipe(name).run.visits == int(visits.replace(",", ""))


def test_the_presets_of_the_page_are_those_of_the_package():
    told = {gb: cells for gb, *cells in rows("preset (GB)")}
    assert told == {
        gb: [
            p["card"],
            str(p["at_once"]),
            str(p["row_tokens"]),
            "yes" if p["checkpointing"] else "no",
        ]
        for gb, p in PRESETS.items()
    }


def test_every_link_and_file_leads_somewhere():
    for target in re.findall(r"\]\(([^)\s#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    for path in re.findall(r"`(?:python )?(benchmarks/\w+\.py)", PAGE):
        assert (ROOT / path).exists(), path


def test_each_recipe_says_its_visits_tokens_and_hours_and_where_they_come_from():
    for name in shipped_recipes():
        text = (ROOT / "trainer" / "recipes" / f"{name}.toml").read_text("utf-8")
        assert all(f"# {word}: " in text or f" {word}: " in text for word in ("Visits", "Hours"))
        assert "Tokens: " in text
