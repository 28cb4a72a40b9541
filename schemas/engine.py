"""Engines known by name: the terms their output stands under and what they are good for."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Engine:
    name: str
    stage: str
    licence: str
    non_commercial: bool
    good_for: str
    serious: str  # what serious work would take instead
    terms: str | None = None  # what its licence asks of those who use it or its output


@cache
def engines() -> dict[str, Engine]:
    table = tomllib.loads((files("schemas") / "data" / "engines.toml").read_text("utf-8"))
    return {name: Engine(name=name, **fields) for name, fields in table.items()}
