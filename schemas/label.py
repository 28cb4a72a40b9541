"""Labels: what somebody or something said a clip shows, and the vocabularies they come from."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field

from schemas.errors import SetupError
from schemas.units import Probability, Row

LabelSource = Literal["given", "au_rule", "model", "review"]


class Label(Row):
    """One opinion; a clip may have several."""

    clip_id: str
    label: str
    weight: Probability
    source: LabelSource
    version: str  # of the rule, model or file that says so
    confidence: Probability | None
    valence: float | None = None  # as given beside the label (MERR's NCEV lists)


class LabelDecision(Row):
    """The sample's label: the result of a named policy over its opinions."""

    clip_id: str
    label: str
    source: LabelSource
    policy: str
    valence: float | None
    opinions: tuple[Label, ...] = Field(default=())


@dataclass(frozen=True)
class Vocabulary:
    name: str
    labels: tuple[str, ...]
    aliases: dict[str, str]  # other spellings, lower case -> label

    def canonical(self, word: str) -> str | None:
        """The label meant by a word, or None when it is not of this vocabulary."""
        lowered = word.strip().lower()
        return lowered if lowered in self.labels else self.aliases.get(lowered)


def shipped_vocabularies() -> tuple[str, ...]:
    folder = files("schemas") / "data" / "vocabularies"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir()))


def load_vocabulary(name_or_path: str) -> Vocabulary:
    """A shipped vocabulary by name, or a user's own TOML file. SetupError if there is neither."""
    if name_or_path in shipped_vocabularies():
        text = (files("schemas") / "data" / "vocabularies" / f"{name_or_path}.toml").read_text(
            "utf-8"
        )
        return _parse(name_or_path, text)
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(shipped_vocabularies())
        raise SetupError(f"no vocabulary {name_or_path!r}: give one of {known}, or a .toml file")
    return _parse(path.stem, path.read_text("utf-8"))


def _parse(name: str, text: str) -> Vocabulary:
    try:
        table = tomllib.loads(text)
        labels = tuple(str(label).lower() for label in table["labels"])
        aliases = {str(k).lower(): str(v).lower() for k, v in table.get("aliases", {}).items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as e:
        raise SetupError(f"vocabulary {name}: {e}; it needs a list `labels = [...]`") from e
    strangers = sorted(set(aliases.values()) - set(labels))
    if not labels or strangers:
        raise SetupError(f"vocabulary {name}: aliases point outside the labels: {strangers}")
    return Vocabulary(name, labels, aliases)
