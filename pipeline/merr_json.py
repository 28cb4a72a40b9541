"""MERR's JSON as it was released: with comments, raw line ends and the like, each one counted."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.sources import shown
from pipeline.subtitles import read_text
from schemas.errors import ClipError, SetupError

JSON_BYTES: Final = 1 << 30  # the coarse file of 28,618 clips is about 40 MB
TEXT_KEYS: Final = ("caption", "smp_reason_caption")  # a MERR file has one of them in an entry

_STRING: Final = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_COMMENT: Final = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.S)
_COMMA: Final = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.S)
_CONTROL: Final = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True)
class MerrJson:
    """Entries in the order of the file; a name may stand twice, and a value be anything."""

    entries: tuple[tuple[str, Any], ...]
    dirt: Counter[str]


class _Pairs(list[tuple[str, Any]]):
    """An object as written, before one of two equal keys is lost."""


def load_merr_json(path: Path, *, encoding: str | None = None) -> MerrJson:
    """SetupError where the file cannot be read, is no JSON even without its dirt, or is not MERR's:
    one object of clips by name, of which at least one has a caption."""
    name, dirt = shown(path.name), Counter[str]()
    try:
        found = _parse(read_text(path, encoding=encoding, limit_bytes=JSON_BYTES), dirt)
        dirt["not_utf8"] += not _is_utf8(path.read_bytes())
        if not isinstance(found, _Pairs):
            raise SetupError(f"{name}: is no MERR file: found a {_kind(found)}, not clips by name")
        entries = tuple((key, _plain(value, dirt)) for key, value in found)
    except ClipError as e:
        raise SetupError(str(e)) from e
    except json.JSONDecodeError as e:
        raise SetupError(f"{name}, line {e.lineno}: is no JSON: {e.msg}; mend that line") from e
    except (RecursionError, ValueError) as e:
        raise SetupError(f"{name}: is no JSON that can be read: {e}") from e
    if not any(isinstance(v, dict) and any(k in v for k in TEXT_KEYS) for _, v in entries):
        raise SetupError(
            f"{name}: is no MERR file: none of its {len(entries)} entries has a "
            f"{' or a '.join(TEXT_KEYS)}"
        )
    return MerrJson(entries, +dirt)


def _is_utf8(content: bytes) -> bool:
    """Of another encoding the words may be a guess, which is told."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(text: str, dirt: Counter[str]) -> Any:
    """Strict JSON is read as it is; from other text comments and spare commas go first."""
    try:
        read, found = _loads(text, strict=True)
    except json.JSONDecodeError:
        bare = _COMMA.sub(_counting("spare_comma", dirt), _COMMENT.sub(_comment(dirt), text))
        read, found = _loads(bare, strict=False)
    dirt.update(found)
    return read


def _loads(text: str, *, strict: bool) -> tuple[Any, Counter[str]]:
    """NaN, Infinity and what is too large for a number are nothing, and counted."""
    found = Counter[str]()

    def number(digits: str) -> float | None:
        if math.isfinite(value := float(digits)):
            return value
        found["no_number"] += 1
        return None

    read = json.loads(
        text,
        strict=strict,
        object_pairs_hook=_Pairs,
        parse_constant=number,
        parse_float=number,
    )
    return read, found


def _counting(kind: str, dirt: Counter[str]) -> Callable[[re.Match[str]], str]:
    """Strings stay; anything else that the pattern finds is counted and taken out."""

    def kept(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return found[0]
        dirt[kind] += 1
        return ""

    return kept


def _comment(dirt: Counter[str]) -> Callable[[re.Match[str]], str]:
    """As above; and strings are looked at for what JSON does not allow in them."""
    without = _counting("comment", dirt)

    def kept(found: re.Match[str]) -> str:
        piece = found[0]
        if piece.startswith('"') and _CONTROL.search(piece):
            dirt["raw_line_end" if "\n" in piece or "\r" in piece else "raw_control"] += 1
        return without(found)

    return kept


def _plain(value: Any, dirt: Counter[str]) -> Any:
    """Dictionaries of pairs; of equal keys the last counts, as in every JSON reader."""
    if isinstance(value, _Pairs):
        plain = {key: _plain(inner, dirt) for key, inner in value}
        dirt.update({"key_twice": len(value) - len(plain)} if len(value) > len(plain) else {})
        return plain
    if isinstance(value, list):
        return [_plain(inner, dirt) for inner in value]
    return value


def _kind(value: Any) -> str:
    words = {list: "list", str: "text", bool: "truth value", type(None): "null"}
    return words.get(type(value), "number")
