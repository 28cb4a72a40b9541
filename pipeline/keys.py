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


def digest(value: Any) -> str:
    """sha256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Key:
    """Stage version, the settings the stage reads, its inputs and its models."""

    stage: str
    fields: str  # canonical JSON of everything that decides the rows

    @classmethod
    def of(cls, stage: str, fields: Json, fixed: Mapping[str, str] | None = None) -> "Key":
        """`fixed`: fields that are JSON already, as `canonical` writes it."""
        texts = {name: canonical(value) for name, value in fields.items()}
        texts |= fixed or {}
        texts["stage"] = f'"{stage}"'
        return cls(stage, "{" + ",".join(f'"{name}":{texts[name]}' for name in sorted(texts)) + "}")

    @cached_property
    def name(self) -> str:
        """16 hex digits for file names; the whole key is in the part's metadata."""
        return hashlib.sha256(self.fields.encode("utf-8", "surrogatepass")).hexdigest()[:16]
