"""One question to a chat model: asked in the way the endpoint knows, asked again where the answer
does not fit, read into a row."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from annotators.answer import answer_schema, read_answer
from annotators.prompt import Prompt, load_forms
from annotators.role_settings import Speaking
from schemas.chat import Ask, ChatAnswer, ChatRequest, Mode, canonical_json
from schemas.errors import EmptyAnswerError, ModeUnsupportedError, OffSchemaError
from schemas.exchange import Exchange
from schemas.maker import Maker
from schemas.units import Row

A = TypeVar("A", bound=Row)

ENGINE: Final = "chat"
_MODES: Final[tuple[Mode, ...]] = ("schema", "json", "text")
_MOST_REPEATED: Final = 4000  # characters of a bad answer that are shown to its writer again


@dataclass(frozen=True)
class Channel:
    """Whom to ask, and how."""

    ask: Ask
    speaking: Speaking
    # Ways of asking that the endpoint said it does not take. Whoever asks for it remembers them
    # for longer (pipeline.asking); this only saves asking there for every clip.
    refused: set[Mode] = field(default_factory=set)


@dataclass(frozen=True)
class Question(Generic[A]):
    prompt: Prompt
    texts: Mapping[str, str]  # for the names in the prompt, all but $form
    answer: type[A]
    lines: str  # the fields as text mode asks for them
    unfit: Callable[[A], str | None]  # why an answer of the right form is none; None: it is one
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    media: tuple[dict[str, Any], ...] = ()  # parts of the message after its text


@dataclass(frozen=True)
class Answered(Generic[A]):
    answer: A
    asked: Exchange
    raw: str


async def ask_for(question: Question[A], channel: Channel) -> Answered[A]:
    """The first answer that fits. Raises what `channel.ask` raises, and when the last answer asked
    for does not fit either, its EmptyAnswerError or OffSchemaError."""
    turns: tuple[dict[str, Any], ...] = ()
    for number in range(1, channel.speaking.re_asks + 2):
        reply: ChatAnswer | None = None
        try:
            request, reply = await _in_a_known_mode(question, channel, turns)
            answer = _fitting(question, reply)
        except (EmptyAnswerError, OffSchemaError) as e:
            if number > channel.speaking.re_asks:
                raise
            turns = _repair(reply, str(e))
        else:
            return Answered(answer, _asked(request, reply, number), reply.text or "")
    raise AssertionError("the loop returns or raises")


def _asked(request: ChatRequest, reply: ChatAnswer, requests: int) -> Exchange:
    return Exchange(
        request_id=request.request_id,
        served_model=reply.served_model,
        mode=request.mode,
        requests=requests,
    )


def maker(version: str, prompt: Prompt, speaking: Speaking) -> Maker:
    return Maker(
        engine=ENGINE,
        version=f"{version} {prompt.name} {prompt.version}",
        model=speaking.model,
        prompt=prompt.digest,
    )


def first_request(question: Question[A], speaking: Speaking) -> ChatRequest:
    """The first request, in the first mode: for counting what a build would ask."""
    return _request(question, speaking, _allowed(speaking)[0], ())


async def _in_a_known_mode(
    question: Question[A], channel: Channel, turns: tuple[dict[str, Any], ...]
) -> tuple[ChatRequest, ChatAnswer]:
    speaking = channel.speaking
    allowed = _allowed(speaking)
    for mode in allowed:
        last = mode == allowed[-1]
        if not last and mode in channel.refused:
            continue
        request = _request(question, speaking, mode, turns)
        try:
            return request, await channel.ask(request)
        except ModeUnsupportedError:
            if last:
                raise
            channel.refused.add(mode)
    raise AssertionError("there is a last mode")


def _allowed(speaking: Speaking) -> tuple[Mode, ...]:
    return _MODES if speaking.mode == "auto" else (speaking.mode,)


def _request(
    question: Question[A], speaking: Speaking, mode: Mode, turns: tuple[dict[str, Any], ...]
) -> ChatRequest:
    schema = answer_schema(question.answer, question.choices)
    text = question.prompt.filled(form=_form(question, mode, schema), **question.texts)
    content: Any = [{"type": "text", "text": text}, *question.media] if question.media else text
    messages = [
        {"role": "system", "content": question.prompt.system},
        {"role": "user", "content": content},
        *turns,
    ]
    return ChatRequest(
        endpoint=speaking.endpoint,
        model=speaking.model,
        messages_json=canonical_json(messages),
        answer_name=question.prompt.name,
        answer_schema_json=canonical_json(schema) if mode == "schema" else None,
        mode=mode,
        temperature=speaking.temperature,
        top_p=speaking.top_p,
        max_output_tokens=speaking.max_output_tokens,
        seed=speaking.seed,
    )


def _form(question: Question[A], mode: Mode, schema: dict[str, Any]) -> str:
    forms = load_forms()
    if mode == "schema":
        return forms.schema
    if mode == "json":
        return forms.json.replace("$schema", json.dumps(schema, ensure_ascii=False))
    return forms.text.replace("$lines", question.lines)


def _fitting(question: Question[A], reply: ChatAnswer) -> A:
    answer = read_answer(reply.text, question.answer)
    why = question.unfit(answer)
    if why is not None:
        raise OffSchemaError(why)
    return answer


def _repair(reply: ChatAnswer | None, why: str) -> tuple[dict[str, Any], ...]:
    """The bad answer and what is wrong with it. Only the last one: prompts do not grow."""
    said = (reply.text or "").strip()[:_MOST_REPEATED] if reply else ""
    again = {"role": "user", "content": load_forms().repair.replace("$why", why)}
    return ({"role": "assistant", "content": said}, again) if said else (again,)
