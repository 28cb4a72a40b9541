"""Answers of chat models, read into rows: by JSON, or by key from plain text. What is no answer, is
named and never becomes text in a column."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from annotators.declining import declines
from schemas.errors import AnnotationError, EmptyAnswerError, OffSchemaError, RefusedError
from schemas.units import Row

A = TypeVar("A", bound=Row)

_THOUGHT: Final = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_FENCE: Final = re.compile(r"^\s*```[\w-]*\s*\n?(.*?)(?:\n?```\s*)?$", re.S)
_KEY_LINE: Final = re.compile(
    r"^[\s>*_#\-\d.]*[\"'`]?(?P<key>[A-Za-z_ ]{2,24}?)[\"'`]?[*_`]*\s*[:\uff1a]\s*(?P<value>.*)$"
)
_NOTHING: Final = frozenset(("", "null", "none", "nil", "n/a", "-"))


def read_answer(text: str | None, row: type[A]) -> A:
    """A whole answer as a row. Raises EmptyAnswerError, OffSchemaError, RefusedError.

    Whether the answer is whole is known before (`schemas.chat.Ask`): a cut one may parse, too.
    """
    said = _THOUGHT.sub(" ", text or "").strip()
    if not said:
        raise EmptyAnswerError("the model answered with nothing")
    fence = _FENCE.match(said)
    said = fence[1].strip() if fence else said
    found = _object_in(said)
    if found is None and said[:1] not in "{[":  # broken JSON is no list of lines
        found = _by_key(said, row)
    if found is None:
        raise _no_answer(said)
    try:
        return row.model_validate(found)
    except ValidationError as e:
        raise OffSchemaError(_told(e)) from None


def _no_answer(text: str) -> AnnotationError:
    if declines(text):
        return RefusedError(f"the model declined: {_short(text)}")
    return OffSchemaError(f"the answer holds none of the fields asked for: {_short(text)}")


def _object_in(text: str) -> dict[str, Any] | None:
    """The one JSON object of a text, whatever stands around it. OffSchemaError where there are
    several that differ: nobody knows which is meant."""
    found = list(_objects(text))
    if any(other != found[0] for other in found[1:]):
        raise OffSchemaError("the answer holds several JSON objects that differ")
    return found[0] if found else None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict) and value:
                yield value
        at = text.find("{", end)


def _by_key(text: str, row: type[Row]) -> dict[str, Any] | None:
    """`field: value` lines; a value goes on over lines without a field. None without any field."""
    fields = row.model_fields
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in text.splitlines():
        match = _KEY_LINE.match(line)
        name = match["key"].strip().lower().replace(" ", "_") if match else ""
        if match and (name in fields or f"{name}s" in fields):
            last = found.setdefault(name if name in fields else f"{name}s", [])
            last.append(match["value"])
        elif last and line.strip() and not line.strip().startswith("```"):
            last[-1] += f" {line.strip()}"
    if not found:
        return None
    return {name: _value(name, values, row) for name, values in found.items()}


def _value(name: str, values: list[str], row: type[Row]) -> Any:
    """A list stays a list of lines, which the row itself takes apart."""
    plain = [_unquoted(value) for value in values]
    if str(row.model_fields[name].annotation).startswith("tuple"):
        return plain
    if len(set(plain)) > 1:
        raise OffSchemaError(f"the answer gives {name} several times, and not alike")
    return None if plain[0].lower() in _NOTHING else plain[0]


def _unquoted(value: str) -> str:
    value = value.strip().strip("*_`").strip().rstrip(",")
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
    return value[1:-1].strip() if quoted else value


def _told(error: ValidationError) -> str:
    """What does not fit, field by field; never what the answer held."""
    told = [f"{'.'.join(map(str, e['loc'])) or 'the answer'}: {e['msg']}" for e in error.errors()]
    return "; ".join(told[:5])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:160]} ..."


def answer_schema(row: type[Row], choices: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """JSON schema of an answer in the subset that all endpoints take: every field required, no
    others, no titles, no references, no bounds. `choices`: words that a field may hold, where only
    the run knows them."""
    schema = row.model_json_schema()
    plain: dict[str, Any] = _plain(schema, schema.get("$defs", {}))
    for name, words in choices.items():
        plain["properties"][name] = {"type": "string", "enum": list(words)}
    return plain


_KEPT: Final = (
    "type",
    "enum",
    "anyOf",
    "items",
    "properties",
    "additionalProperties",
    "description",
)


def _plain(node: Any, defs: Mapping[str, Any]) -> Any:
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(defs[node["$ref"].rpartition("/")[2]], defs)
    kept = {key: value for key, value in node.items() if key in _KEPT}
    if "anyOf" in kept:
        kept["anyOf"] = [_plain(option, defs) for option in kept["anyOf"]]
    if "items" in kept:
        kept["items"] = _plain(kept["items"], defs)
    if "properties" in kept:
        kept["properties"] = {k: _plain(v, defs) for k, v in kept["properties"].items()}
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept
