"""Models that answer from a list, for tests of the roles."""

import json
from collections.abc import Callable
from typing import Any

from annotators.question import Channel
from annotators.role_settings import Speaking
from schemas.chat import ChatAnswer, ChatRequest

SPEAKING = Speaking(endpoint="http://localhost:1/v1", model="tiny", mode="auto")
Said = str | dict[str, Any] | Exception
Model = Callable[[ChatRequest], Said]


class Asked(list[ChatRequest]):
    """Every request that came in."""


def answering(*said: Said, **speaking: Any) -> tuple[Channel, Asked]:
    """One answer after the other, the last one for ever."""
    left = list(said)
    return by_model(lambda request: left.pop(0) if len(left) > 1 else left[0], **speaking)


def by_model(model: Model, **speaking: Any) -> tuple[Channel, Asked]:
    asked = Asked()

    async def ask(request: ChatRequest) -> ChatAnswer:
        asked.append(request)
        said = model(request)
        if isinstance(said, Exception):
            raise said
        return ChatAnswer(
            request_id=request.request_id,
            text=said if isinstance(said, str) else json.dumps(said),
            finish_reason="stop",
            served_model="tiny-1",
            raw_json="{}",
        )

    return Channel(ask, SPEAKING.model_copy(update=speaking)), asked


def messages(request: ChatRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(request.messages_json)
    return found


def text_of(request: ChatRequest) -> str:
    """All text of a request."""
    parts = []
    for message in messages(request):
        content = message["content"]
        parts += (
            [content] if isinstance(content, str) else [c["text"] for c in content if "text" in c]
        )
    return "\n".join(parts)
