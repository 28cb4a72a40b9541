"""What the shipped labels mean, in words for annotators."""

import tomllib
from importlib.resources import files

from schemas.units import Row


class LabelMeaning(Row):
    label: str
    zh: str  # its Chinese name
    means: str
    means_zh: str
    example: str
    example_zh: str


def meanings() -> list[LabelMeaning]:
    table = tomllib.loads((files("review") / "data" / "labels.toml").read_text("utf-8"))
    return [LabelMeaning(label=label, **told) for label, told in table.items()]
