"""Arrow schemas, derived from the Row models so that the two cannot drift apart."""

from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pyarrow as pa

from schemas.units import Row, Storage, Unit

SCHEMA_VERSION = "1.2"  # major.minor; inside a major columns are only added or made nullable

_SCALARS = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
}
_NARROW = {
    "float32": pa.float32(),
    "float16": pa.float16(),
    "int32": pa.int32(),
    "int16": pa.int16(),
}


@cache
def arrow_schema(row: type[Row]) -> pa.Schema:
    """Columns of `row` in order, units as field metadata, nullable where the model allows None."""
    metadata = {"model": row.__name__, "schema_version": SCHEMA_VERSION}
    return pa.schema(_fields(row), metadata=metadata)


def _fields(row: type[Row]) -> list[pa.Field]:
    return [_field(name, info.annotation, info.metadata) for name, info in row.model_fields.items()]


def _field(name: str, annotation: Any, metadata: list[Any]) -> pa.Field:
    inner, nullable = _strip_none(annotation)
    marks = [*metadata, *getattr(inner, "__metadata__", ())]
    unit = _unit(inner, marks)
    return pa.field(name, _type(inner, marks), nullable, {"unit": unit} if unit else None)


def _unit(annotation: Any, marks: list[Any]) -> str | None:
    """The unit of a number, or of the numbers in a list."""
    found = next((mark.symbol for mark in marks if isinstance(mark, Unit)), None)
    if found is None and get_origin(annotation) is tuple:
        item, _ = _strip_none(get_args(annotation)[0])
        return _unit(item, list(getattr(item, "__metadata__", ())))
    return found


def _strip_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    inner = [a for a in get_args(annotation) if a is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"a column holds one type, not {annotation}")
    return inner[0], True


def _type(annotation: Any, marks: list[Any]) -> pa.DataType:
    narrow = next((mark.arrow for mark in marks if isinstance(mark, Storage)), None)
    if hasattr(annotation, "__metadata__"):  # Annotated[...]
        annotation = annotation.__origin__
    if get_origin(annotation) is tuple:
        return pa.list_(_field("item", get_args(annotation)[0], []))
    if narrow is not None:
        return _NARROW[narrow]
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if get_origin(annotation) is Literal:
        return pa.string()
    if isinstance(annotation, type) and issubclass(annotation, Row):
        return pa.struct(_fields(annotation))
    raise TypeError(f"no Arrow type for {annotation}")
