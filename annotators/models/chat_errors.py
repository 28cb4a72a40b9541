"""What the openai package can raise, told as what the caller must do."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import openai
from openai import OpenAIError

from schemas.errors import (
    ContextTooLongError,
    CutAnswerError,
    MediaRefusedError,
    MerrError,
    ModeUnsupportedError,
    RefusedError,
    SetupError,
    TransientError,
)

_LONGEST_TEXT: Final = 300  # of a foreign message, in characters
_LONGEST_CODE: Final = 60
_NEVER_SENT: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})  # of httpx2

# A response that cannot be read, an error inside one, a connection that broke.
_BROKEN: Final = (
    openai.APIError,
    openai.WebSocketConnectionClosedError,
    openai.WebSocketQueueFullError,
)

Redact = Callable[[str], str]

# How servers say it (OpenAI, vLLM, Ollama, Gemini's endpoint, LM Studio), looked for in code and
# message of a 400, 413 or 422, in this order.
_SAID: Final[tuple[tuple[re.Pattern[str], type[MerrError], str], ...]] = (
    (
        re.compile(r"content_policy|content_filter|content management policy|safety system", re.I),
        RefusedError,
        "the endpoint's filter declined the request",
    ),
    (
        re.compile(
            r"context_length|context.{0,20}(length|window|size)|maximum.{0,20}tokens"
            r"|too many tokens|token count.{0,40}exceeds|prompt is too long|entity too large",
            re.I,
        ),
        ContextTooLongError,
        "the request is longer than the model takes",
    ),
    (
        re.compile(
            r"response_format|json_schema|json_object|structured output|guided_json"
            r"|timestamp_granularities|verbose_json",
            re.I,
        ),
        ModeUnsupportedError,
        "the endpoint does not take this way of asking for structure",
    ),
    (
        re.compile(r"image|audio|multimodal|multi-modal|vision|modalit|media", re.I),
        MediaRefusedError,
        "the endpoint does not take this image or sound",
    ),
)


def translate(error: OpenAIError, *, endpoint: str, model: str, redact: Redact) -> MerrError:
    """The result holds no key and no foreign object."""
    subject = redact(f"{endpoint} {model}".rstrip())
    if isinstance(error, openai.APIStatusError):
        return _by_status(error, subject, model, redact)
    said, out = _said(error, redact), _cause(error) not in _NEVER_SENT
    if isinstance(error, openai.APITimeoutError):
        return TransientError(f"{subject}: no whole answer in time", may_be_paid=out)
    if isinstance(error, openai.APIConnectionError):
        told = f"{subject}: connection failed: {_cause(error)}"
        return TransientError(told, may_be_paid=out)
    if isinstance(error, openai.LengthFinishReasonError):
        return CutAnswerError(f"{subject}: the answer was cut at the limit of tokens")
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return RefusedError(f"{subject}: a filter took the answer away")
    if isinstance(error, _BROKEN):
        return TransientError(f"{subject}: {said}", may_be_paid=True)
    return SetupError(f"{subject}: the openai package cannot make the call: {said}")


def _by_status(error: openai.APIStatusError, subject: str, model: str, redact: Redact) -> MerrError:
    status, said = error.status_code, _said(error, redact)
    told = f"{subject}: HTTP {status}: {said}"
    if status == 401:
        return SetupError(f"{subject}: the endpoint rejects the key (HTTP 401): {said}")
    if status in (403, 402):
        return SetupError(f"{subject}: the account may not do this (HTTP {status}): {said}")
    if status in (404, 405):
        return SetupError(f"{subject}: no such model or path (HTTP {status}): {said}")
    if status == 429:
        return _limited(error, told)
    if status in (400, 413, 422):
        return _refused(error, subject, model, said)
    if status in (408, 409, 425) or status >= 500 or status < 400:
        return TransientError(told, wait_s=_wait_s(error))
    return SetupError(told)


def _limited(error: openai.APIStatusError, told: str) -> MerrError:
    """A limit of the moment passes; an empty account does not."""
    if error.code in ("insufficient_quota", "billing_hard_limit_reached"):
        return SetupError(f"{told}; the account has no money left")
    return TransientError(told, wait_s=_wait_s(error), rate_limited=True)


def _refused(error: openai.APIStatusError, subject: str, model: str, said: str) -> MerrError:
    text = f"{error.code or ''} {error.param or ''} {_message(error)}"
    # Names of models speak of audio, too.
    text = re.sub(rf"(?<![\w-]){re.escape(model)}(?![\w-])", "", text) if model else text
    if error.status_code == 413:
        return ContextTooLongError(f"{subject}: the request is too large (HTTP 413): {said}")
    for pattern, kind, meaning in _SAID:
        if pattern.search(text):
            return kind(f"{subject}: {meaning}: {said}")
    return SetupError(f"{subject}: the endpoint refuses the request: {said}")


def _said(error: OpenAIError, redact: Redact) -> str:
    """Code and message of the other side: one line, short, without a key."""
    code = getattr(error, "code", None)
    message = " ".join(redact(_message(error)).split())
    code = redact(str(code))[:_LONGEST_CODE] if code else ""
    return f"{code}: {message[:_LONGEST_TEXT]}" if code else message[:_LONGEST_TEXT]


def _message(error: OpenAIError) -> str:
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return body if isinstance(body, str) else str(error)


def _cause(error: OpenAIError) -> str:
    """The kind of a broken connection. Never its text, which may quote headers."""
    return type(error.__cause__).__name__ if error.__cause__ else "no reason given"


def _wait_s(error: openai.APIStatusError) -> float | None:
    return retry_after_s(error.response.headers.get("retry-after"), now=datetime.now(UTC))


def retry_after_s(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, which holds seconds or an HTTP date (RFC 9110,
    10.2.3). None where it says nothing usable."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value.strip()):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
