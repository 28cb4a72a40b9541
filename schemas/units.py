"""Number types that carry their unit and range, and the base of every record."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Unit:
    """The unit of a column; it is stored beside the Parquet field."""

    symbol: str


@dataclass(frozen=True)
class Storage:
    """A narrower Arrow type than the Python type would get."""

    arrow: Literal["float32", "int32", "int16"]


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

# Values of a track, one per frame: rounded on the way in, so that 32 stored bits give them back.
FrameSeconds = Annotated[float, Field(ge=0), Unit("s")]
AuIntensity = Annotated[
    float, AfterValidator(_to_centi), Field(ge=0, le=5), Unit("FACS 0-5"), Storage("float32")
]
Degrees = Annotated[float, AfterValidator(_to_centi), Unit("deg"), Storage("float32")]
PixelPosition = Annotated[float, AfterValidator(_to_centi), Unit("px"), Storage("float32")]
Share = Annotated[
    float, AfterValidator(_to_milli), Field(ge=0, le=1), Unit("1"), Storage("float32")
]
Ratio = Annotated[float, AfterValidator(_to_milli), Field(ge=0), Unit("1"), Storage("float32")]


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
