"""Keys: what made a part. Equal keys mean equal rows, so such a part is not made twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Json = dict[str, Any]

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical(value: Any) -> str:
    """JSON that is equal for equal values."""
    return _CANONICAL.encode(value)


def canonical_of(texts: Mapping[str, str]) -> str:
    """The same of a mapping of plain names to JSON; for those who do it 25,000 times."""
    return "{" + ",".join([f'"{name}":{texts[name]}' for name in sorted(texts)]) + "}"


def digest(value: Any) -> str:
    """sha256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Key:
    """Stage version, the settings the stage reads, its inputs and its models."""

    stage: str
    fields: str  # canonical JSON of everything that decides the rows

    @classmethod
    def of(cls, stage: str, fields: Json) -> "Key":
        return cls.of_texts(stage, {name: canonical(value) for name, value in fields.items()})

    @classmethod
    def of_texts(cls, stage: str, texts: Mapping[str, str]) -> "Key":
        """The same, of fields that are JSON already, as `canonical` writes it."""
        return cls(stage, canonical_of({**texts, "stage": f'"{stage}"'}))

    @cached_property
    def name(self) -> str:
        """16 hex digits for file names; the whole key is in the part's metadata."""
        return hashlib.sha256(self.fields.encode("utf-8", "surrogatepass")).hexdigest()[:16]
