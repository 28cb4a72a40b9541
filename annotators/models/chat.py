"""OpenAI-compatible endpoints: OpenAI, vLLM, Ollama, Gemini's endpoint, LM Studio."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError
from pydantic import SecretStr, ValidationError

from annotators.models.chat_errors import translate
from annotators.models.transcription import transcribe
from annotators.transcriptions import answer_of, is_for_words
from schemas.chat import Asked, ChatAnswer, ChatRequest, Usage
from schemas.errors import MerrError, SetupError, TransientError

_NO_KEY: Final = "none"  # what is sent to endpoints without keys: the package wants something
_KEY: Final = re.compile(r"[\x21-\x7e]+")  # what may stand in an HTTP header
_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length"}
    | {"content-type", "host", "transfer-encoding", "user-agent"}
    | {"x-stainless-raw-response"}  # the package looks it up again when the response is there
)
_HIDDEN: Final = "[key]"
_OPENAI: Final = "api.openai.com"


class ChatEndpoint:
    """One endpoint and the key for it. The key goes into requests and nowhere else."""

    def __init__(self, client: AsyncOpenAI, *, endpoint: str, key: SecretStr | None) -> None:
        self.client = client
        self.endpoint = endpoint
        self._key = key
        self._newer = urlsplit(endpoint).hostname == _OPENAI
        self._newer_models: set[str] = set()

    async def ask(self, request: ChatRequest) -> ChatAnswer:
        """One call, no retry. Raises by what the caller must do: see `schemas.errors`."""
        if is_for_words(request):
            return await self._transcribed(request)
        newer = self.wants_newer(request.model)
        try:
            raw = await self._post(request_body(request, newer=newer))
        except OpenAIError as e:
            if newer or not _wants_newer(e):
                raise self.error(e, request.model) from None
            self._newer_models.add(request.model)
            return await self.ask(request)
        return read_answer(request, self.redact(raw))

    async def _transcribed(self, request: ChatRequest) -> ChatAnswer:
        try:
            raw = await transcribe(self.client, request)
        except OpenAIError as e:
            raise self.error(e, request.model) from None
        return answer_of(request, self.redact(raw))

    def wants_newer(self, model: str) -> bool:
        """Whether the model takes the limit of tokens under its newer name."""
        return self._newer or model in self._newer_models

    async def aclose(self) -> None:
        await self.client.close()

    def error(self, error: OpenAIError, model: str) -> MerrError:
        return translate(error, endpoint=self.endpoint, model=model, redact=self.redact)

    def redact(self, text: str) -> str:
        """The text without the key, should the other side have sent it back."""
        return text.replace(self._key.get_secret_value(), _HIDDEN) if self._key else text

    async def _post(self, body: dict[str, Any]) -> str:
        # The typed call would drop what it does not know; the whole body is kept instead.
        response = await self.client.chat.completions.with_raw_response.create(**body)
        return str(response.text)


def open_endpoint(endpoint: str, *, key: SecretStr | None, timeout_s: float) -> ChatEndpoint:
    """Sends nothing yet. SetupError for a key that cannot stand in a header."""
    if key is not None and not _KEY.fullmatch(key.get_secret_value()):
        raise SetupError(f"{endpoint}: its key is empty or holds spaces or other odd characters")
    given = key.get_secret_value() if key else _NO_KEY
    hooks: dict[str, list[Callable[..., Any]]] = {
        "request": [partial(_bare, bearer=f"Bearer {given}")]
    }
    client = AsyncOpenAI(
        api_key=given,
        base_url=endpoint,
        timeout=timeout_s,
        max_retries=0,  # the asker retries: it knows of limits, budget and the other calls
        http_client=DefaultAsyncHttpxClient(event_hooks=hooks, timeout=timeout_s),
    )
    return ChatEndpoint(client, endpoint=endpoint, key=key)


async def _bare(request: Any, *, bearer: str) -> None:
    """Takes out what the package adds from the environment (headers, organisation, project of
    OpenAI), which another endpoint must not see, and what it tells of this machine."""
    for name in [name for name in request.headers if name.lower() not in _HEADERS]:
        del request.headers[name]
    request.headers["authorization"] = bearer


def request_body(request: ChatRequest, *, newer: bool) -> dict[str, Any]:
    """What is sent: the fields of the chat completions API that are set. `newer`: the limit of
    tokens under the name that OpenAI gave it later, which the other servers do not all know."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": json.loads(request.messages_json),
        "max_completion_tokens" if newer else "max_tokens": request.max_output_tokens,
    }
    optional = {"temperature": request.temperature, "top_p": request.top_p, "seed": request.seed}
    body |= {name: value for name, value in optional.items() if value is not None}
    if request.mode != "text":
        body["response_format"] = _response_format(request)
    return body


def _response_format(request: ChatRequest) -> dict[str, Any]:
    if request.mode == "json" or request.answer_schema_json is None:
        return {"type": "json_object"}
    schema = json.loads(request.answer_schema_json)
    named = {"name": request.answer_name, "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


def read_answer(request: Asked, raw: str) -> ChatAnswer:
    """The body of a response of status 200. TransientError when it is no chat completion: a
    proxy or a half-started server spoke."""
    try:
        body = json.loads(raw)
        choice = body["choices"][0]
        message = choice["message"]
        return ChatAnswer(
            request_id=request.request_id,
            text=_text(message.get("content")),
            finish_reason=choice.get("finish_reason"),
            served_model=body.get("model"),
            refusal=message.get("refusal") or None,
            usage=_usage(body.get("usage")),
            raw_json=raw,
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        raise TransientError(
            f"{request.endpoint} {request.model}: the response is no chat completion",
            may_be_paid=True,
        ) from None


def _text(content: object) -> str | None:
    """Some servers send the content in parts."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if content is None or isinstance(content, str):
        return content
    raise TypeError("content is neither text nor parts")


def _usage(usage: dict[str, Any] | None) -> Usage:
    """A usage that makes no sense is unknown; the answer is good all the same."""
    try:
        counts = usage or {}
        prompt = counts.get("prompt_tokens_details") or {}
        return Usage(
            prompt_tokens=counts.get("prompt_tokens"),
            output_tokens=counts.get("completion_tokens"),
            cached_tokens=prompt.get("cached_tokens"),
            audio_tokens=prompt.get("audio_tokens"),
        )
    except (AttributeError, ValidationError):
        return Usage()


def _wants_newer(error: OpenAIError) -> bool:
    status = getattr(error, "status_code", None)
    return status == 400 and "max_completion_tokens" in str(error)
