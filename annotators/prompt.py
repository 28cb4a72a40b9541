"""Prompts: templates in files, known by a digest that every row made with them carries."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Final

_FORMS: Final = "forms"


@dataclass(frozen=True)
class Prompt:
    """Templates with $names. `digest` is of this file and of that of the forms of answers."""

    name: str
    version: str
    digest: str  # sha256
    system: str
    user: str
    answer: tuple[str, ...]  # fields, in the order asked for
    words: dict[str, str]  # sentences that only this prompt has

    def filled(self, **texts: str) -> str:
        """The user's part. KeyError where the template has a name that nobody fills."""
        return Template(self.user).substitute(texts).strip()


@dataclass(frozen=True)
class Forms:
    """How structure is asked for."""

    schema: str
    json: str  # has $schema
    text: str  # has $lines
    repair: str  # has $why


@cache
def load_prompt(name: str) -> Prompt:
    raw, table = _read(name)
    forms, _ = _read(_FORMS)
    known = ("version", "system", "user", "answer")
    return Prompt(
        name=name,
        version=table["version"],
        digest=hashlib.sha256(raw + forms).hexdigest(),
        system=_joined(table["system"]),
        user=table["user"],
        answer=tuple(table["answer"]),
        words={key: text for key, text in table.items() if key not in known},
    )


@cache
def load_forms() -> Forms:
    _, table = _read(_FORMS)
    return Forms(**{name: text.strip() for name, text in table.items()})


def _read(name: str) -> tuple[bytes, dict[str, Any]]:
    raw = (files("annotators") / "prompts" / f"{name}.toml").read_bytes()
    return raw, tomllib.loads(raw.decode("utf-8"))


def _joined(text: str) -> str:
    """Paragraphs on one line each: where a file breaks its lines says nothing."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).strip()
