"""Recipes as TOML files: those of the package by name, one's own by path, single keys by --set."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.errors import SetupError
from trainer.recipe import Recipe

_FOLDER = files("trainer") / "recipes"


def shipped_recipes() -> tuple[str, ...]:
    names = (f.name for f in _FOLDER.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


def load_recipe(name_or_path: str, assignments: Sequence[str] = ()) -> Recipe:
    """A recipe with some keys changed. SetupError names a bad key, and the nearest good one."""
    values = _parse(name_or_path, _text_of(name_or_path))
    for assignment in assignments:
        _assign(values, assignment)
    return checked_recipe(values, name_or_path)


def checked_recipe(values: Mapping[str, Any], origin: str) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as e:
        raise SetupError(f"{origin}: " + "; ".join(_explain(err) for err in e.errors())) from e


def recipe_toml(recipe: Recipe) -> str:
    """The recipe as TOML that load_recipe reads; keys that are not set are left out."""
    lines = [f"{key} = {_toml(getattr(recipe, key))}" for key in ("name", "about")]
    for section, info in type(recipe).model_fields.items():
        del info
        part = getattr(recipe, section)
        if isinstance(part, BaseModel):
            lines += ["", f"[{section}]"]
            told = part.model_dump(exclude_none=True)
            lines += [f"{key} = {_toml(value)}" for key, value in told.items()]
    return "\n".join(lines) + "\n"


def _text_of(name_or_path: str) -> str:
    if name_or_path in shipped_recipes():
        return (_FOLDER / f"{name_or_path}.toml").read_text("utf-8")
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return path.read_text("utf-8")
    known = ", ".join(shipped_recipes())
    near = difflib.get_close_matches(name_or_path, shipped_recipes(), n=1)
    hint = f"did you mean {near[0]}?" if near else f"give one of {known}, or a .toml file"
    raise SetupError(f"--recipe {name_or_path}: there is no such recipe; {hint}")


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SetupError(f"recipe {name}: is not valid TOML: {e}") from e


def _assign(values: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    *sections, last = key.strip().split(".")
    if not equals or not sections:
        raise SetupError(f"--set {assignment}: expected section.key=value, e.g. run.seed=7")
    for name in sections:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise SetupError(f"--set {assignment}: {name} is a value, not a section")
    values[last] = _value(text)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string


def _explain(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"the key {key} is missing"
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}, found {error['input']!r}"
    near = difflib.get_close_matches(key, list(recipe_keys()), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(recipe_keys())}"
    return f"there is no key {key}{hint}"


def recipe_keys(model: type[BaseModel] = Recipe, prefix: str = "") -> Iterator[str]:
    """Dotted names of every key of a recipe."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from recipe_keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
