"""What calls cost: tokens as the endpoint counted them, times a dated table of prices."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import Field, NonNegativeFloat, ValidationError

from schemas.chat import Usage
from schemas.errors import SetupError
from schemas.units import Row

_MILLION: Final = 1_000_000
# What names are followed by where a maker adds a date or version: gpt-4o-2024-08-06, llama:latest.
_SUFFIX: Final = re.compile(r"[-:@](latest|\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|preview-\d{2}-\d{4})$")


class Price(Row):
    """US dollars per million tokens of one model, or per minute of sound."""

    input: NonNegativeFloat
    cached_input: NonNegativeFloat | None = None  # None: like any other input
    output: NonNegativeFloat
    audio_input: NonNegativeFloat | None = None  # None: not known
    per_minute: NonNegativeFloat | None = None  # of sound; where it is set, tokens are not billed
    batch: float = Field(default=1.0, ge=0, le=1)  # share of the price in a Batch file
    image_tokens: int = Field(default=50_000, ge=1)  # the most one image takes
    audio_tokens_per_s: float = Field(default=50.0, gt=0)
    source: str


class Prices(Row):
    """A dated table of prices."""

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    models: dict[str, Price]

    def of(self, model: str) -> Price | None:
        """The price of a model by its name, with or without date or version. None: not known."""
        return self.models.get(model) or self.models.get(plain_name(model))


def plain_name(model: str) -> str:
    """The name without the maker's date or version, and without `models/` (Gemini's endpoint)."""
    return _SUFFIX.sub("", model.removeprefix("models/"))


def load_prices(path: Path | None) -> Prices:
    """The table at `path`, else the one that came with merr. SetupError when it is broken."""
    try:
        text = path.read_text("utf-8") if path else _shipped()
        return Prices.model_validate(tomllib.loads(text))
    except OSError as e:
        raise SetupError(f"run.chat.prices: {path}: {e.strerror}") from e
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        told = " ".join(str(e).split())
        raise SetupError(f"run.chat.prices: {path}: not a table of prices: {told}") from e


def _shipped() -> str:
    return files("schemas").joinpath("data/prices.toml").read_text("utf-8")


def is_counted(usage: Usage, price: Price | None) -> bool:
    """Whether the call told what its price is for."""
    if price is not None and price.per_minute is not None:
        return usage.sound_s is not None
    return usage.prompt_tokens is not None and usage.output_tokens is not None


def cost_usd(usage: Usage, price: Price | None, *, batch: bool = False) -> float | None:
    """Dollars. None where the price, or how much of what it is for, is not known."""
    if price is None or not is_counted(usage, price):
        return None
    if price.per_minute is not None:
        return (usage.sound_s or 0.0) / 60 * price.per_minute
    audio, cached = usage.audio_tokens or 0, usage.cached_tokens or 0
    if audio and price.audio_input is None:
        return None
    cached_price = price.input if price.cached_input is None else price.cached_input
    text = max(0, (usage.prompt_tokens or 0) - audio - cached)
    millionths = (
        text * price.input
        + cached * cached_price
        + audio * (price.audio_input or 0)
        + (usage.output_tokens or 0) * price.output
    )
    return millionths / _MILLION * (price.batch if batch else 1.0)
