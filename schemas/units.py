"""Number types that carry their unit and range, and the base of every record."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Unit:
    """The unit of a column; it is stored beside the Parquet field."""

    symbol: str


@dataclass(frozen=True)
class Storage:
    """A narrower Arrow type than the Python type would get."""

    arrow: Literal["float32", "float16", "int32", "int16"]


def _to_centi(value: float) -> float:
    return round(value, 2)


def _to_milli(value: float) -> float:
    return round(value, 3)


Microseconds = Annotated[int, Field(ge=0), Unit("us")]
Seconds = Annotated[float, Field(ge=0), Unit("s")]
Hertz = Annotated[float, Field(gt=0), Unit("Hz")]
Decibels = Annotated[float, Unit("dB")]
Semitones = Annotated[float, Unit("semitone")]
Pixels = Annotated[int, Field(ge=1), Unit("px")]
Probability = Annotated[float, Field(ge=0, le=1), Unit("1")]

# Measures of pictures: rounded on the way in, so that 32 stored bits give them back.
FrameSeconds = Annotated[float, Field(ge=0), Unit("s")]
AuIntensity = Annotated[
    float, Field(ge=0, le=5), AfterValidator(_to_centi), Unit("FACS 0-5"), Storage("float32")
]
Share = Annotated[
    float, Field(ge=0, le=1), AfterValidator(_to_milli), Unit("1"), Storage("float32")
]
Ratio = Annotated[float, Field(ge=0), AfterValidator(_to_milli), Unit("1"), Storage("float32")]
Change = Annotated[
    float,
    Field(ge=0, le=1),
    AfterValidator(lambda change: round(change, 5)),
    Unit("1"),
    Storage("float32"),
]


def _all_rounded(values: tuple[float | None, ...], digits: int) -> tuple[float | None, ...]:
    rounded = np.array(values, np.float64).round(digits).tolist()
    if None not in values:
        return tuple(rounded)
    return tuple([None if v is None else r for v, r in zip(values, rounded, strict=True)])


# The same for the lists of a track, one entry per frame; a list is rounded in one call.
_Centi = AfterValidator(lambda values: _all_rounded(values, 2))
_Milli = AfterValidator(lambda values: _all_rounded(values, 3))
_Intensity = Annotated[float, Field(ge=0, le=5), Unit("FACS 0-5"), Storage("float32")]
_Degrees = Annotated[float, Unit("deg"), Storage("float32")]
_Position = Annotated[float, Unit("px"), Storage("float32")]
_Share = Annotated[float, Field(ge=0, le=1), Unit("1"), Storage("float32")]
_Ratio = Annotated[float, Field(ge=0), Unit("1"), Storage("float32")]
AuIntensities = Annotated[tuple[_Intensity | None, ...], _Centi]
Angles = Annotated[tuple[_Degrees | None, ...], _Centi]
PixelPositions = Annotated[tuple[_Position | None, ...], _Centi]
Shares = Annotated[tuple[_Share | None, ...], _Milli]
Ratios = Annotated[tuple[_Ratio | None, ...], _Milli]


class Row(BaseModel):
    """A record that becomes one Parquet row: immutable, closed, without NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        protected_namespaces=(),
    )
