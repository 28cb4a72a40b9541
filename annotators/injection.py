"""Words of a clip that look like an instruction to a model. Found, they are flagged, never removed
from the words themselves: people in films say what they like."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

SUSPECTED: Final = "injection_suspected"  # flag of rows


def suspicious(*texts: str | None) -> bool:
    """Whether one of the texts looks like an instruction, a turn or a field of an answer."""
    return bool(found_in(texts))


def flags_of(*texts: str | None) -> tuple[str, ...]:
    return (SUSPECTED,) if suspicious(*texts) else ()


def found_in(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Names of the patterns that are found, in the order of the file."""
    plain = [_plain(text) for text in texts if text]
    return tuple(
        name for name, pattern in _patterns() if any(pattern.search(text) for text in plain)
    )


def _plain(text: str) -> str:
    """Lower case on one line, without the signs that hide a word: full-width letters, signs of no
    width, combining marks."""
    folded = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Mn"))
    return " ".join(seen.lower().replace("\u2019", "'").split())


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    raw = (files("annotators") / "phrases" / "injection.toml").read_text("utf-8")
    return tuple((n, re.compile(p)) for n, p in tomllib.loads(raw)["patterns"].items())
