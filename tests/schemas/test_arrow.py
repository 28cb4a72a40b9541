"""Arrow schemas follow from the models, so that the two cannot drift apart."""

from typing import Annotated, Literal

import pyarrow as pa
import pytest
from pydantic import Field

from schemas.arrow import SCHEMA_VERSION, arrow_schema
from schemas.failure import Rejection
from schemas.units import AuIntensity, Row, Seconds, Storage


class Inner(Row):
    name: str
    at_s: Seconds | None


class Every(Row):
    text: str
    count: int
    share: float
    yes: bool
    raw: bytes
    kind: Literal["film", "still"]
    small: Annotated[int, Storage("int16")]
    length_s: Annotated[Seconds, Field(le=9)]
    maybe: AuIntensity | None
    units: tuple[AuIntensity | None, ...]
    inner: Inner
    many: tuple[Inner, ...]
    perhaps: tuple[str, ...] | None


def column(name: str) -> pa.Field:
    return arrow_schema(Every).field(name)


def test_columns_stand_in_the_order_of_the_model():
    assert arrow_schema(Every).names == list(Every.model_fields)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text", pa.string()),
        ("count", pa.int64()),
        ("share", pa.float64()),
        ("yes", pa.bool_()),
        ("raw", pa.binary()),
        ("kind", pa.string()),
        ("small", pa.int16()),
        ("length_s", pa.float64()),
        ("maybe", pa.float32()),
    ],
)
def test_every_kind_of_value_has_its_type(name, kind):
    assert column(name).type == kind


def test_a_column_is_nullable_exactly_where_the_model_allows_none():
    nullable = {field.name for field in arrow_schema(Every) if field.nullable}
    assert nullable == {"maybe", "perhaps"}


def test_entries_of_a_list_are_nullable_exactly_where_the_model_allows_none():
    assert column("units").type.value_field.nullable
    assert not column("perhaps").type.value_field.nullable
    assert column("units").type.value_type == pa.float32()


def test_rows_inside_rows_become_structs_with_their_own_nullability():
    fields = {field.name: field.nullable for field in column("inner").type}
    assert fields == {"name": False, "at_s": True}
    assert column("many").type.value_type == column("inner").type


@pytest.mark.parametrize(
    ("name", "unit"), [("length_s", b"s"), ("maybe", b"FACS 0-5"), ("units", b"FACS 0-5")]
)
def test_the_unit_stands_beside_the_column(name, unit):
    assert column(name).metadata == {b"unit": unit}


def test_a_column_without_a_unit_has_no_metadata():
    assert column("count").metadata is None


def test_the_schema_says_its_version_and_model():
    metadata = arrow_schema(Rejection).metadata
    assert metadata == {b"model": b"Rejection", b"schema_version": SCHEMA_VERSION.encode()}


class TwoTypes(Row):
    value: int | str


class Loose(Row):
    value: dict[str, int]


@pytest.mark.parametrize("row", [TwoTypes, Loose])
def test_a_model_that_fits_no_column_is_refused(row):
    with pytest.raises(TypeError):
        arrow_schema(row)
