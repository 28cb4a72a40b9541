"""Settings of the chat roles: who is asked, and how. Limits and budgets stand under `run.chat`."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from schemas.chat import Mode, base_url
from schemas.errors import SetupError
from schemas.units import Row

MOST_FRAMES: Final = 8


class ChatDefaults(Row):
    """What holds for every role that does not say it itself."""

    base_url: str | None = Field(
        default=None,
        description="Endpoint of the chat models, OpenAI-compatible, e.g. "
        "http://localhost:8000/v1.",
    )
    key_env: str | None = Field(
        default=None,
        description="Environment variable that holds the key of the endpoint. Not set: no key.",
    )
    keyring: str | None = Field(
        default=None,
        description="Where the system's keyring has the key, as SERVICE/USER; asked where the "
        "variable is not set. Needs the package keyring.",
    )
    model: str | None = Field(default=None, description="Model by the name the endpoint knows.")
    mode: Literal["auto", "schema", "json", "text"] = Field(
        default="auto",
        description="How structure is asked for: JSON schema, JSON mode or plain text. auto: the "
        "first of them that the endpoint takes.",
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sampling temperature. Not set: the endpoint's own."
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Nucleus sampling. Not set: the endpoint's own."
    )
    seed: int | None = Field(default=None, description="Seed of the sampling. Not set: not sent.")
    max_output_tokens: int = Field(
        default=1500, ge=16, description="Longest answer in tokens, with what is thought before it."
    )
    re_asks: int = Field(
        default=2,
        ge=0,
        le=5,
        description="How often an answer that does not fit is asked for once more.",
    )


class RoleSettings(Row):
    """What a role may say otherwise than [chat]."""

    base_url: str | None = Field(default=None, description="Endpoint. Not set: that of [chat].")
    key_env: str | None = Field(
        default=None, description="Variable with the key. Not set: that of [chat]."
    )
    keyring: str | None = Field(
        default=None,
        description="SERVICE/USER of the key in the keyring. Not set, like key_env: that of "
        "[chat].",
    )
    model: str | None = Field(default=None, description="Model. Not set: that of [chat].")


class HeardSettings(RoleSettings):
    engine: Literal["none", "chat"] = Field(
        default="none",
        description="Who describes the tone of voice. none: nobody; the measured tone stands.",
    )
    margin_s: float = Field(
        default=0.25, ge=0, le=5, description="Sound sent before and after the speech, in s."
    )
    most_s: float = Field(
        default=30.0, gt=0, le=600, description="Longest sound sent, in s; of more, the first."
    )


def _one_or_some(frames: int) -> int:
    if frames != 1 and not 3 <= frames <= MOST_FRAMES:
        raise ValueError(f"1, or 3 to {MOST_FRAMES}")
    return frames


class SeenSettings(RoleSettings):
    engine: Literal["none", "chat"] = Field(
        default="none",
        description="Who describes the scene. none: nobody; the measured scene stands.",
    )
    frames: Annotated[int, AfterValidator(_one_or_some)] = Field(
        default=1,
        description="Pictures sent: 1 (the peak frame), or 3 to 8 frames spread evenly from first "
        "to last, and the peak frame.",
    )
    detail: Literal["auto", "low", "high"] = Field(
        default="auto", description="How closely the model is asked to look; decides its price."
    )


class EnglishSettings(RoleSettings):
    engine: Literal["none", "chat"] = Field(
        default="none", description="Who translates the words to English. none: nobody."
    )


class Speaking(Row):
    """Everything that holds for the requests of one role: its own settings over those of [chat]."""

    endpoint: str
    model: str
    mode: Literal["auto"] | Mode
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_output_tokens: int = 1500
    re_asks: int = 2


def speaking(chat: ChatDefaults, role: RoleSettings, name: str) -> Speaking:
    """SetupError where nobody says which endpoint or which model."""
    endpoint, model = role.base_url or chat.base_url, role.model or chat.model
    for value, what in ((endpoint, "base_url"), (model, "model")):
        if not value:
            raise SetupError(
                f'{name}.engine = "chat" needs chat.{what} or {name}.{what}; '
                "docs/engines/chat.md has the settings of each kind of endpoint"
            )
    shared = {key: getattr(chat, key) for key in Speaking.model_fields if key in _SHARED}
    try:
        return Speaking(endpoint=base_url(str(endpoint)), model=str(model), **shared)
    except ValueError as e:
        raise SetupError(f"{name} asks {endpoint}: {e}") from None


_SHARED = ("mode", "temperature", "top_p", "seed", "max_output_tokens", "re_asks")
