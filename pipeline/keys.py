"""Keys: what made a part. Equal keys mean equal rows, so such a part is not made twice."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


def canonical(value: Any) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


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
        return cls(stage, canonical({"stage": stage, **fields}))

    @property
    def name(self) -> str:
        """16 hex digits for file names; the whole key is in the part's metadata."""
        return hashlib.sha256(self.fields.encode("utf-8", "surrogatepass")).hexdigest()[:16]
