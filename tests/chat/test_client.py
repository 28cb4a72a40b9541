"""The client: what is sent, and what foreign errors become."""

import asyncio
import importlib
import inspect
import pkgutil
from datetime import UTC, datetime

import httpx2
import openai
import pytest
from pydantic import SecretStr

from annotators.models.chat import open_endpoint, read_answer, request_body
from annotators.models.chat_errors import retry_after_s, translate
from schemas.chat import Usage
from schemas.errors import (
    ContextTooLongError,
    CutAnswerError,
    MediaRefusedError,
    ModeUnsupportedError,
    RefusedError,
    SetupError,
    TransientError,
)
from tests.chat.stand_in import Answer, Cut, Raw, Stall, StandIn, Status
from tests.chat.talk import KEY, request

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SCHEMA = '{"type":"object"}'


def ask_once(script, *, key=KEY, server_key=None, timeout_s=5.0, **fields):
    async def go(server):
        endpoint = open_endpoint(server.url, key=SecretStr(key), timeout_s=timeout_s)
        try:
            return await endpoint.ask(request(server.url, **fields))
        finally:
            await endpoint.aclose()

    with StandIn(script, key=server_key) as server:
        return asyncio.run(go(server)), server


def failure(script, **options):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is what is tested
        ask_once(script, **options)
    return caught.value


def test_an_answer_comes_with_its_usage_and_the_whole_body():
    answer, _ = ask_once(lambda c: Answer("yes", cached_tokens=7, audio_tokens=3))
    assert (answer.text, answer.finish_reason, answer.served_model) == ("yes", "stop", "gpt-4o")
    assert answer.usage == Usage(
        prompt_tokens=100, output_tokens=20, cached_tokens=7, audio_tokens=3
    )
    assert '"chatcmpl-1"' in answer.raw_json


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (Status(401, "Incorrect API key"), SetupError, "rejects the key"),
        (Status(403, "not for you"), SetupError, "may not do this"),
        (Status(404, "The model `x` does not exist"), SetupError, "no such model or path"),
        (Status(429, "slow down"), TransientError, "HTTP 429"),
        (Status(429, "pay first", "insufficient_quota"), SetupError, "no money left"),
        (Status(500), TransientError, "HTTP 500"),
        (Status(503), TransientError, "HTTP 503"),
        (Status(408), TransientError, "HTTP 408"),
        (Status(409), TransientError, "HTTP 409"),
        (Status(400, "x", "context_length_exceeded"), ContextTooLongError, "longer than the model"),
        (Status(400, "maximum context length is 8192 tokens"), ContextTooLongError, ""),
        (Status(413, "big"), ContextTooLongError, "too large"),
        (Status(400, "Invalid image: cannot parse"), MediaRefusedError, "this image or sound"),
        (Status(422, "input_audio is not supported"), MediaRefusedError, ""),
        (Status(400, "'response_format' of type 'json_schema' is not supported"),
         ModeUnsupportedError, "asking for structure"),
        (Status(400, "blocked", "content_policy_violation"), RefusedError, "filter"),
        (Status(400, "temperature must be 1"), SetupError, "refuses the request"),
        (Status(418, "teapot"), SetupError, "HTTP 418"),
        (Cut(), TransientError, "connection failed"),
        (Raw(b"<html>gateway</html>"), TransientError, "no chat completion"),
        (Raw(b'{"choices": []}'), TransientError, "no chat completion"),
        (Raw(b'{"choices": [{"message": {"content": 3}}]}'), TransientError, "no chat completion"),
        (Raw(b'{"choices": [{"mess'), TransientError, "no chat completion"),
        (Raw(b"\xff\xfe\x00"), TransientError, "no chat completion"),
    ],
)  # fmt: skip
def test_every_bad_response_has_a_name(act, kind, words):
    error = failure(lambda c: act)
    assert type(error) is kind
    assert words in str(error)


def test_a_model_name_that_speaks_of_audio_says_nothing_of_the_audio():
    act = Status(400, "temperature is not supported with gpt-4o-audio-preview")
    assert type(failure(lambda c: act, model="gpt-4o-audio-preview")) is SetupError


def test_a_stalled_answer_may_have_been_paid_and_a_refused_connection_not():
    stalled = failure(lambda c: Stall(3), timeout_s=0.2)
    assert isinstance(stalled, TransientError)
    assert stalled.may_be_paid

    async def nobody_there():
        endpoint = open_endpoint("http://127.0.0.1:9/v1", key=None, timeout_s=2)
        try:
            await endpoint.ask(request("http://127.0.0.1:9/v1"))
        finally:
            await endpoint.aclose()

    with pytest.raises(TransientError, match="connection failed: ConnectError") as refused:
        asyncio.run(nobody_there())
    assert not refused.value.may_be_paid


def test_the_package_itself_retries_nothing():
    with StandIn(lambda c: Status(500, headers={"x-should-retry": "true"})) as server:

        async def go():
            endpoint = open_endpoint(server.url, key=None, timeout_s=5)
            with pytest.raises(TransientError):
                await endpoint.ask(request(server.url))
            await endpoint.aclose()

        asyncio.run(go())
        assert len(server.calls) == 1


def test_a_key_that_is_echoed_is_hidden():
    error = failure(lambda c: Answer(), server_key="sk-the-right-one")
    assert "rejects the key" in str(error)
    assert "[key]" in str(error)
    assert KEY not in f"{error!r} {error.__dict__} {error.__cause__!r}"
    answer, _ = ask_once(lambda c: Answer(f"your key is {KEY}"))
    assert KEY not in answer.model_dump_json()


@pytest.mark.parametrize("key", ["", "with space", "line\nbreak", "schlüssel"])
def test_a_key_that_fits_no_header_is_named_without_being_told(key):
    with pytest.raises(SetupError, match="odd characters") as caught:
        open_endpoint("http://x/v1", key=SecretStr(key), timeout_s=1)
    assert not key or key not in str(caught.value)


def test_nothing_of_the_environment_is_sent(monkeypatch):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "from-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-tell: from-the-environment\nAuthorization: mine")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://nowhere.invalid/")
    _, server = ask_once(lambda c: Answer())
    [call] = server.calls
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert "from-the-environment" not in str(call.headers)
    odd = [name for name in call.headers if name.startswith(("x-", "openai"))]
    assert odd == ["x-stainless-raw-response"]


def test_a_model_that_wants_the_newer_limit_is_asked_again_with_it():
    def script(call):
        if "max_tokens" in call.body:
            return Status(400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return Answer("fine")

    answer, server = ask_once(script, max_output_tokens=77)
    assert answer.text == "fine"
    assert [call.body.get("max_completion_tokens") for call in server.calls] == [None, 77]


def test_only_what_is_set_is_sent():
    plain = request_body(request("http://x/v1"), newer=False)
    assert set(plain) == {"model", "messages", "max_tokens"}
    full = request("http://x/v1", temperature=0.0, top_p=0.5, seed=0)
    assert request_body(full, newer=True).items() >= {
        "temperature": 0.0, "top_p": 0.5, "seed": 0, "max_completion_tokens": 1000,
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("text", None),
        ("json", {"type": "json_object"}),
        ("schema", {"type": "json_schema", "json_schema": {
            "name": "answer", "schema": {"type": "object"}, "strict": True}}),
    ],
)  # fmt: skip
def test_structure_is_asked_for_in_three_ways(mode, wanted):
    body = request_body(request("http://x/v1", mode=mode, answer_schema_json=SCHEMA), newer=False)
    assert body.get("response_format") == wanted


def test_a_usage_that_makes_no_sense_does_not_cost_the_answer():
    raw = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":%s}'
    for usage in ('"x"', '{"prompt_tokens":-1}', '{"prompt_tokens":"many"}', "null", "[]"):
        answer = read_answer(request("http://x/v1"), raw % usage)
        assert (answer.text, answer.usage) == ("a", Usage())


def test_content_in_parts_is_joined():
    parts = '[{"type":"text","text":"a"},{"type":"text","text":"b"}]'
    raw = f'{{"choices":[{{"message":{{"content":{parts}}}}}]}}'
    assert read_answer(request("http://x/v1"), raw).text == "ab"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        (" 0.5 ", 0.5),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_holds_seconds_or_a_date(header, seconds):
    assert retry_after_s(header, now=NOW) == seconds


def foreign_errors():
    """Every exception class of the openai package, by walking down from its base."""
    for module in pkgutil.iter_modules(openai.__path__):
        if module.name not in ("__main__", "cli"):
            importlib.import_module(f"openai.{module.name}")
    kinds, found = [openai.OpenAIError], {}
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if not kind.__name__.startswith("_"):
            found[kind.__name__] = kind
    return found


def build(kind):
    """An instance of a foreign error, whatever its constructor wants."""
    sent = httpx2.Request("POST", "http://x/v1")
    response = httpx2.Response(getattr(kind, "status_code", 500), request=sent)
    options = {
        "message": "m", "request": sent, "response": response, "body": None,
        "completion": openai.types.chat.ChatCompletion.model_construct(usage=None),
        "unsent_messages": [], "symbol": "x",
    }  # fmt: skip
    wanted = inspect.signature(kind.__init__).parameters
    args = {name: options[name] for name in wanted if name in options}
    if args:
        return kind(**args)
    return kind() if set(wanted) <= {"self"} else kind("m")


KINDS = {
    "APIConnectionError": TransientError,
    "APIRemovedInV1": SetupError,
    "APIError": TransientError,
    "APIResponseValidationError": TransientError,
    "APIStatusError": TransientError,  # of status 500 here
    "APITimeoutError": TransientError,
    "AuthenticationError": SetupError,
    "BadRequestError": SetupError,
    "ConflictError": TransientError,
    "ContentFilterFinishReasonError": RefusedError,
    "InternalServerError": TransientError,
    "LengthFinishReasonError": CutAnswerError,
    "MissingDependencyError": SetupError,
    "MutuallyExclusiveAuthError": SetupError,
    "NotFoundError": SetupError,
    "OAuthError": SetupError,
    "OpenAIError": SetupError,
    "PermissionDeniedError": SetupError,
    "RateLimitError": TransientError,
    "StreamAlreadyConsumed": SetupError,
    "SubjectTokenProviderError": SetupError,
    "UnprocessableEntityError": SetupError,
    "WebSocketConnectionClosedError": TransientError,
    "WebSocketQueueFullError": TransientError,
}


def test_no_error_class_of_the_package_is_left_out():
    told = {
        name: type(translate(build(kind), endpoint="http://x/v1", model="m", redact=str))
        for name, kind in foreign_errors().items()
    }
    assert told == KINDS
