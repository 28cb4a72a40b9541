"""The regression set of injections."""

import tomllib
from pathlib import Path

_SET = tomllib.loads(Path(__file__).with_name("injections.toml").read_text("utf-8"))
SPOKEN: list[tuple[str, str]] = [(one["text"], one["label"]) for one in _SET["spoken"]]
SHOWN: list[tuple[str, str]] = [(one["text"], one["label"]) for one in _SET["shown"]]
PLAIN: list[str] = _SET["plain"]["lines"]
