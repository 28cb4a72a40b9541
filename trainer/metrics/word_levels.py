"""At which distance two words for feelings are the same: word, form, group, place on a wheel."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from schemas.errors import SetupError

SYNONYMS: Final = "synonyms"
WHEELS: Final = ("plutchik", "shaver")

Level = Callable[[str], str | None]  # a word -> what it counts as; None: it has no place there


@dataclass(frozen=True)
class Words:
    """`base`: any form -> its word; `group`: a word -> its group. `version` names the files."""

    base: Mapping[str, str]
    group: Mapping[str, str]
    wheels: Mapping[str, Mapping[str, tuple[str, str]]]  # wheel -> word or group -> family, kind
    version: str

    def levels(self) -> dict[str, Level]:
        """From near to far. A word that no file knows stays itself up to `group`."""
        found: dict[str, Level] = {"word": str, "form": self._form, "group": self._group}
        for wheel in self.wheels:
            found[f"{wheel}.kind"] = partial(self._kind, wheel)
            found[f"{wheel}.family"] = partial(self._family, wheel)
        return found

    def knows(self, word: str) -> bool:
        return word in self.base

    def _form(self, word: str) -> str:
        return self.base.get(word, word)

    def _group(self, word: str) -> str:
        base = self._form(word)
        return self.group.get(base, base)

    def _kind(self, wheel: str, word: str) -> str | None:
        place = self._place(wheel, word)
        return None if place is None else "/".join(place)

    def _family(self, wheel: str, word: str) -> str | None:
        place = self._place(wheel, word)
        return None if place is None else place[0]

    def _place(self, wheel: str, word: str) -> tuple[str, str] | None:
        places = self.wheels[wheel]
        return places.get(self._form(word)) or places.get(self._group(word))


@cache
def load_words() -> Words:
    texts = {name: _text(name) for name in (SYNONYMS, *WHEELS)}
    base, group = _groups(tomllib.loads(texts[SYNONYMS]))
    wheels = {name: _wheel(name, tomllib.loads(texts[name]), base, group) for name in WHEELS}
    digest = hashlib.sha256("\n".join(texts.values()).encode()).hexdigest()
    return Words(base, group, wheels, digest[:16])


def _text(name: str) -> str:
    return (files("trainer.metrics") / "words" / f"{name}.toml").read_text("utf-8")


def _groups(table: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    base: dict[str, str] = {}
    group: dict[str, str] = {}
    for name, words in table["groups"].items():
        for word, forms in words.items():
            group[word] = name
            for form in (word, *forms):
                if base.setdefault(form, word) != word:
                    raise SetupError(f"{SYNONYMS}.toml: {form!r} is of {base[form]!r} and {word!r}")
    return base, group


def _wheel(
    name: str, table: dict[str, Any], base: Mapping[str, str], group: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    places: dict[str, tuple[str, str]] = {}
    for family, kinds in table["families"].items():
        for kind, words in kinds.items():
            for word in words:
                if word not in group.values() and base.get(word) != word:
                    raise SetupError(f"{name}.toml: {word!r} is no group and no word of the groups")
                if places.setdefault(word, (family, kind)) != (family, kind):
                    raise SetupError(f"{name}.toml: {word!r} stands at two places")
    return places
