"""Media inside a request: told apart from the text, and left out where only a name is wanted."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from schemas.chat import canonical_json

_DATA_URL: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,", re.ASCII)


def without_media(request_json: str) -> str:
    """The request with its media replaced by their hashes: what the store keeps of it."""
    request = json.loads(request_json)
    messages = json.loads(request["messages_json"])
    return canonical_json({**request, "messages_json": canonical_json(_marked(messages))})


def texts(messages_json: str) -> Iterator[str]:
    """Every text of the messages."""
    yield from (part["text"] for part in _parts(messages_json) if part.get("type") == "text")


def images(messages_json: str) -> int:
    """How many images the messages hold."""
    return sum(part.get("type") == "image_url" for part in _parts(messages_json))


def sounds(messages_json: str) -> Iterator[str]:
    """Every sound of the messages, in base64."""
    yield from (p["input_audio"]["data"] for p in _parts(messages_json) if "input_audio" in p)


def _parts(messages_json: str) -> Iterator[dict[str, Any]]:
    for message in json.loads(messages_json):
        content = message.get("content")
        if isinstance(content, str):
            yield {"type": "text", "text": content}
        else:
            yield from content or ()


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict):
        sound = value.get("input_audio")
        if isinstance(sound, dict) and isinstance(sound.get("data"), str):
            return {**value, "input_audio": {**sound, "data": _hash(sound["data"])}}
        return {name: _marked(item) for name, item in value.items()}
    return _marked_text(value) if isinstance(value, str) else value


def _marked_text(text: str) -> str:
    head = _DATA_URL.match(text)
    return head[0] + _hash(text[head.end() :]) if head else text


def _hash(data: str) -> str:
    return f"sha256:{hashlib.sha256(data.encode()).hexdigest()}"
