"""Norms of a corpus: how its voices are spread. Frozen in a file: new films move no old word."""

import hashlib
from typing import Final, Literal

from schemas.units import Hertz, Row

NORMS_VERSION: Final = "1"
LEVELS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

VoiceClass = Literal["all", "low", "high"]


class MeasureNorm(Row):
    measure: str  # a column of ToneMeasures or Egemaps
    clips: int  # that have it
    quantiles: tuple[float, ...]  # one for each of the levels, ascending


class ClassNorm(Row):
    """Clips whose voices have a median pitch below the border (low), from it on (high), or any."""

    name: VoiceClass
    clips: int
    measures: tuple[MeasureNorm, ...]

    def of(self, measure: str) -> MeasureNorm | None:
        return next((norm for norm in self.measures if norm.measure == measure), None)


class Norms(Row):
    norms_version: Literal["1"]  # of this layout
    engine: str  # that measured: "prosody" or "egemaps"
    engine_versions: tuple[str, ...]  # of our code around it, with the models, as rows name them
    source: str  # sha256 of the measures they were computed from
    border_hz: Hertz  # between low and high voices
    levels: tuple[float, ...]  # of the quantiles, 0..1
    classes: tuple[ClassNorm, ...]  # "all" first; a class of too few clips is left out

    @property
    def digest(self) -> str:
        """sha256 of the file as `merr norms` writes it."""
        return hashlib.sha256(self.as_text().encode()).hexdigest()

    def as_text(self) -> str:
        return self.model_dump_json(indent=1) + "\n"

    def class_of(self, f0_median_hz: float | None) -> ClassNorm:
        """The class of a voice of this pitch; "all" without a pitch or without such a class."""
        if f0_median_hz is None:
            return self.classes[0]
        name = "low" if f0_median_hz < self.border_hz else "high"
        return next((c for c in self.classes if c.name == name), self.classes[0])
