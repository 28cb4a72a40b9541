"""Every record of schemas goes through Parquet and comes back equal, and none takes NaN."""

import importlib
import math
import pkgutil
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import schemas
from schemas.arrow import arrow_schema
from schemas.chat import ChatRequest
from schemas.clip import Clip
from schemas.face import FaceTrack
from schemas.parquet import read_rows, write_rows
from schemas.release import Manifest
from schemas.units import Row, Storage

MOST = 10_000  # what 32 stored bits give back to two decimals


def every_row() -> list[type[Row]]:
    for module in pkgutil.iter_modules(schemas.__path__):
        importlib.import_module(f"schemas.{module.name}")
    found = {row for row in Row.__subclasses__() if row.__module__.startswith("schemas.")}
    found |= {row for parent in found for row in parent.__subclasses__()}
    return sorted((r for r in found if r.__module__.startswith("schemas.")), key=_name)


def _name(row: type[Row]) -> str:
    return row.__name__


TABLES = [row for row in every_row() if row is not Manifest]


def values(annotation: Any, marks: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    if hasattr(annotation, "__metadata__"):
        return values(annotation.__origin__, (*_flat(annotation.__metadata__), *marks))
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        (inner,) = (a for a in get_args(annotation) if a is not type(None))
        return st.none() | values(inner, marks)
    if origin is tuple:
        return st.lists(values(get_args(annotation)[0]), max_size=3).map(tuple)
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if issubclass(annotation, Row):
        return rows_of(annotation)
    return _plain(annotation, marks)


def _flat(marks: Any) -> list[Any]:
    """Constraints inside of Field() come out of it."""
    return [inner for mark in marks for inner in (*getattr(mark, "metadata", ()), mark)]


def _plain(kind: type, marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if kind is int:
        return st.integers(*_range(marks, -(2**63), 2**63 - 1))
    if kind is float:
        most = MOST if any(isinstance(mark, Storage) for mark in marks) else 1e300
        low, high = _range(marks, -most, most)
        above = any(isinstance(mark, Gt) for mark in marks)
        return st.floats(low, high, exclude_min=above, allow_nan=False)
    return {str: st.text(), bool: st.booleans(), bytes: st.binary(max_size=20)}[kind]


def _range(marks: tuple[Any, ...], low: Any, high: Any) -> tuple[Any, Any]:
    for mark in marks:
        if isinstance(mark, Ge | Gt):
            low = max(low, mark.ge if isinstance(mark, Ge) else mark.gt)
        elif isinstance(mark, Le | Lt):
            high = min(high, mark.le if isinstance(mark, Le) else mark.lt)
    return low, high


def rows_of(row: type[Row]) -> st.SearchStrategy[Row]:
    if row is FaceTrack:
        return tracks()
    if row is Clip:
        return clips()
    fields = {
        name: values(info.annotation, tuple(_flat(info.metadata)))
        for name, info in row.model_fields.items()
    }
    if row is ChatRequest:
        fields |= {
            "endpoint": st.just("http://127.0.0.1:8000/v1"),
            "model": st.text(min_size=1),
            "answer_name": st.just("answer"),
            "max_output_tokens": st.integers(1, 10**6),
        }
    return st.builds(row, **fields)


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    start_us = draw(st.integers(0, 10**12))
    length_us = draw(st.integers(1, 10**9))
    video_id = draw(st.text(min_size=1))
    return Clip.of(video_id, start_us, start_us + length_us, rule="spans", has_audio=True)


@st.composite
def tracks(draw: st.DrawFn) -> FaceTrack:
    """One entry per frame in every list, ten in the landmarks."""
    frames = draw(st.integers(0, 3))
    filled = {}
    for name, info in FaceTrack.model_fields.items():
        if get_origin(info.annotation) is tuple:
            count = 10 * frames if name == "landmarks_px" else frames
            entry = values(get_args(info.annotation)[0])
            filled[name] = tuple(draw(st.lists(entry, min_size=count, max_size=count)))
        else:
            filled[name] = draw(values(info.annotation, tuple(info.metadata)))
    return FaceTrack(**filled)


@pytest.mark.parametrize("row", TABLES, ids=_name)
def test_a_record_comes_back_from_parquet_as_it_was(row, tmp_path):
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(rows_of(row), max_size=3))
    def check(rows):
        path = tmp_path / "rows.parquet"
        write_rows(path, rows, row)
        assert read_rows(path, row) == rows

    check()


def test_only_the_manifest_is_no_table():
    assert {row for row in every_row() if not _has_schema(row)} == {Manifest}


def _has_schema(row: type[Row]) -> bool:
    try:
        arrow_schema(row)
    except TypeError:
        return False
    return True


def _floats(row: type[Row]) -> list[str]:
    """Names of the fields that hold one number with a fraction."""
    return [
        name
        for name, info in row.model_fields.items()
        if float in (info.annotation, *get_args(info.annotation))
        or any(getattr(a, "__origin__", None) is float for a in get_args(info.annotation))
    ]


NUMBERS = [(row, name) for row in every_row() for name in _floats(row)]


@pytest.mark.parametrize(("row", "name"), NUMBERS, ids=[f"{r.__name__}.{n}" for r, n in NUMBERS])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_nan_or_infinite(row, name, value):
    with pytest.raises(ValidationError) as caught:
        row.model_validate({name: value})
    assert (name,) in {
        error["loc"] for error in caught.value.errors() if error["type"] != "missing"
    }


def test_numbers_that_must_be_finite_were_found():
    assert {name for _, name in NUMBERS} >= {"score", "duration_s", "luma_mean", "valence", "fps"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_entry_of_a_track_is_nan(value):
    with pytest.raises(ValidationError) as caught:
        FaceTrack.model_validate({"au12_r": [1.0, value]})
    assert ("au12_r", 1) in {error["loc"] for error in caught.value.errors()}


@pytest.mark.parametrize("row", TABLES, ids=_name)
def test_a_record_takes_no_field_that_it_does_not_have(row):
    with pytest.raises(ValidationError, match="extra_forbidden"):
        row.model_validate({"surely_no_field": 1})


def test_a_track_with_a_list_of_another_length_is_refused():
    fields = {name: () for name in FaceTrack.model_fields}
    fields |= {"clip_id": "c", "made_by": {"engine": "e", "version": "1"}}
    fields |= {"proxy": True, "baseline": None}
    FaceTrack.model_validate(fields)
    with pytest.raises(ValidationError, match="yaw_deg has 1 entries for 0 frames"):
        FaceTrack.model_validate(fields | {"yaw_deg": (1.0,)})


@pytest.mark.parametrize(("start_us", "end_us"), [(5, 5), (5, 4)])
def test_a_clip_ends_after_it_starts(start_us, end_us):
    with pytest.raises(ValidationError, match="is not after start_us"):
        Clip.of("v", start_us, end_us, rule="whole", has_audio=False)


def test_only_a_still_has_no_length():
    assert Clip.of("v", 0, 0, rule="still", has_audio=False).duration_s == 0


def test_a_clip_is_known_by_content_and_span_alone():
    one = Clip.of("v", 0, 10, rule="whole", has_audio=True)
    assert one.clip_id == Clip.of("v", 0, 10, rule="spans", has_audio=False).clip_id
    others = [Clip.of(v, 0, end, rule="whole", has_audio=True) for v, end in (("w", 10), ("v", 11))]
    assert one.clip_id not in {clip.clip_id for clip in others}
