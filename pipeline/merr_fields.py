"""MERR's fields: read out of one JSON entry, and written again in MERR's own form.

What does not fit a column, or would be written in another form than it came in, is kept as it
was: writing gives back what was read.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.label import Vocabulary
from schemas.sample import Tier

TEXT_OF: Final[dict[Tier, str]] = {"coarse": "caption", "fine": "smp_reason_caption"}
# Every entry of the released files has these (and `text` in the fine one).
SHARED: Final = (
    "AU_list",
    "visual_prior_list",
    "audio_prior_list",
    "peak_index",
    "peak_AU_list",
    "pseu_emotion",
)
FIELDS: Final = (*SHARED, "text", *TEXT_OF.values())

_UNIT: Final = re.compile(r"AU0*([1-9]\d?)(?:_[rc])?", re.I)
_BETWEEN: Final = re.compile(r"[\s,;|+]+")
_MOST: Final = 2**62  # of what an Arrow integer holds

Read = Callable[[Any], Any]  # JSON value -> value of the column, or None


@dataclass(frozen=True)
class FieldsRead:
    values: dict[str, Any]  # by field; None where there is nothing that fits
    unread: dict[str, Any]  # keys and values that no column holds
    dirt: Counter[str]


def read_fields(entry: Mapping[str, Any], vocabulary: Vocabulary) -> FieldsRead:
    readers = _readers(vocabulary)
    values: dict[str, Any] = {}
    unread = {key: value for key, value in entry.items() if key not in readers}
    dirt = Counter({"unknown_key": len(unread)} if unread else {})
    for field, read in readers.items():
        raw = entry.get(field)
        value = values[field] = None if raw is None else read(raw)
        if raw is None:
            dirt.update([f"missing_{field}"] if field in _expected(entry) else [])
        elif value is None or written(field, value) != raw:
            unread[field] = raw
            dirt[_kind(raw, value) + field] += 1
    if not _paired(values):
        dirt["phrases_do_not_match_units"] += 1
    return FieldsRead(values, unread, dirt)


def tiers_of(entry: Mapping[str, Any]) -> tuple[Tier, ...]:
    return tuple(tier for tier, field in TEXT_OF.items() if field in entry)


def written(field: str, value: Any) -> Any:
    """A column's value in MERR's form: the peak is text, everything else a list or text."""
    if field == "peak_index":
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _readers(vocabulary: Vocabulary) -> dict[str, Read]:
    return {
        "AU_list": _units,
        "visual_prior_list": _phrases,
        "audio_prior_list": _tone,
        "peak_index": _index,
        "peak_AU_list": _units,
        "pseu_emotion": lambda raw: vocabulary.canonical(raw) if isinstance(raw, str) else None,
        "text": _text,
        "caption": _text,
        "smp_reason_caption": _text,
    }


def _expected(entry: Mapping[str, Any]) -> Iterable[str]:
    return (*SHARED, "text") if TEXT_OF["fine"] in entry else SHARED


def _kind(raw: Any, value: Any) -> str:
    if value is not None:
        return "other_form_of_"
    return "empty_" if isinstance(raw, str) and not raw.strip() else "unreadable_"


def _paired(values: Mapping[str, Any]) -> bool:
    units, phrases = values["AU_list"], values["visual_prior_list"]
    return units is None or phrases is None or len(units) == len(phrases)


def _text(raw: Any) -> str | None:
    """As it is, blanks and all; NUL and halves of letters, which are no text, become U+FFFD."""
    if not isinstance(raw, str) or not raw.strip():
        return None
    whole = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def _tone(raw: Any) -> str | None:
    """A text in spite of its name; a list is taken where it holds a single one."""
    return _text(raw[0] if isinstance(raw, list) and len(raw) == 1 else raw)


def _units(raw: Any) -> tuple[str, ...] | None:
    """["AU04", ...], or the same in one text; twice the same unit stays twice."""
    names = [n for n in _BETWEEN.split(raw) if n] if isinstance(raw, str) else raw
    if not isinstance(names, list) or (isinstance(raw, str) and not names):
        return None
    found = [_UNIT.fullmatch(n.strip()) if isinstance(n, str) else None for n in names]
    units = tuple(f"AU{int(unit[1]):02d}" for unit in found if unit)
    return units if len(units) == len(names) else None


def _phrases(raw: Any) -> tuple[str, ...] | None:
    if not isinstance(raw, list):
        return None
    phrases = tuple(text for phrase in raw if (text := _text(phrase)) is not None)
    return phrases if len(phrases) == len(raw) else None


def _index(raw: Any) -> int | None:
    """ "37" as in the release; 37 and 37.0 as other tools write it."""
    if isinstance(raw, str):
        return int(raw) if re.fullmatch(r"\s*[0-9]{1,9}\s*", raw) else None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return int(raw) if 0 <= raw < _MOST and raw == int(raw) else None


def to_json(value: Any) -> str:
    """JSON of ASCII letters: half letters stay what they were."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
