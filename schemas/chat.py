"""One question to a chat model, or one sound to a transcription service, and what came back."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator

from schemas.units import Row

Mode = Literal["schema", "json", "text"]


class ChatRequest(Row):
    """Everything that decides an answer, and so the key of the answer store. Holds no key."""

    endpoint: str = Field(description="Base URL of the endpoint, e.g. http://localhost:8000/v1")
    model: str = Field(min_length=1)
    messages_json: str  # canonical JSON of OpenAI's `messages`; media inline, base64
    answer_name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")  # name of the schema at the endpoint
    answer_schema_json: str | None = None  # JSON schema of the answer
    mode: Mode = "text"  # how structure is asked for
    temperature: float | None = Field(default=None, ge=0, le=2)  # None: not sent
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_output_tokens: PositiveInt = 1000
    seed: int | None = None

    @field_validator("endpoint")
    @classmethod
    def _plain_url(cls, endpoint: str) -> str:
        return base_url(endpoint)

    @property
    def request_id(self) -> str:
        """sha256, in hex, of every field."""
        return _digest(self)


def base_url(endpoint: str) -> str:
    """Of an endpoint, without a slash at its end; ValueError where it is none."""
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("an endpoint is a base URL that starts with http:// or https://")
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("an endpoint has no user, password, query or fragment; keys go apart")
    return endpoint.rstrip("/")


@lru_cache(maxsize=64)  # a request may hold megabytes of media, and is asked for its id often
def _digest(request: ChatRequest) -> str:
    return hashlib.sha256(canonical_json(request.model_dump()).encode()).hexdigest()


class Usage(Row):
    """Of one call, as the endpoint counted it; None: it did not say."""

    prompt_tokens: NonNegativeInt | None = None  # cached and audio ones are part of these
    output_tokens: NonNegativeInt | None = None  # those thought but not shown are part of these
    cached_tokens: NonNegativeInt | None = None
    audio_tokens: NonNegativeInt | None = None
    sound_s: NonNegativeFloat | None = None  # of transcriptions; some are billed by it


class ChatAnswer(Row):
    """A whole response. Whether it may be used is another question: see `finish_reason`."""

    request_id: str
    text: str | None  # None: no content
    finish_reason: str | None  # "stop" when the model ended by itself
    served_model: str | None  # the model as the endpoint names it
    refusal: str | None = None  # None unless refused
    usage: Usage = Usage()
    raw_json: str  # the whole response body


class Asked(Protocol):
    """What is known of a request when its text is no longer at hand."""

    @property
    def endpoint(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def request_id(self) -> str: ...


Ask = Callable[[ChatRequest], Awaitable[ChatAnswer]]


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value that hashes are taken of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
