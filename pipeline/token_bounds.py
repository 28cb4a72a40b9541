"""How many tokens a request can take at most, before it is sent."""

import base64
import binascii
import json
from math import ceil
from typing import Final

from pipeline.answer_rows import Most
from pipeline.media_marks import images, sounds, texts
from pipeline.prices import Price
from schemas.chat import ChatRequest

_PER_MESSAGE: Final = 32  # roles and marks around a message, generously
_BYTES_PER_TOKEN: Final = 3  # of usual text: 4 in English, 2 to 3 in Chinese
_UNKNOWN: Final = Price(input=0, output=0, source="none")
_SLOWEST: Final = 2000  # bytes a second of compressed speech (16 kbit/s)
_WAV_RATE: Final = slice(28, 32)  # where a WAV file holds its bytes a second
_WAV_HEAD: Final = 44


def most_tokens(request: ChatRequest, price: Price | None) -> Most:
    """No tokenizer makes more tokens than bytes; images and sound count as the price table says.
    What is billed by the minute takes no tokens."""
    price = price or _UNKNOWN
    sound_s = _sound_s(request)
    if price.per_minute is not None:  # some bill whole seconds
        return Most(prompt_tokens=0, output_tokens=0, sound_s=ceil(sound_s))
    audio = ceil(sound_s * price.audio_tokens_per_s)
    pictures = images(request.messages_json) * price.image_tokens
    return Most(
        prompt_tokens=_text_bytes(request) + _frame(request) + pictures + audio,
        audio_tokens=audio,
        output_tokens=request.max_output_tokens,
        sound_s=sound_s,
    )


def likely_tokens(request: ChatRequest, price: Price | None) -> int:
    """What endpoints count against tokens per minute when the request comes in: an estimate of
    the prompt, and the most it may answer (OpenAI's guide to rate limits)."""
    if price is not None and price.per_minute is not None:
        return 0
    most, text = most_tokens(request, price), _text_bytes(request)
    return most.prompt_tokens - text + ceil(text / _BYTES_PER_TOKEN) + most.output_tokens


def _text_bytes(request: ChatRequest) -> int:
    schema = len((request.answer_schema_json or "").encode())
    return schema + sum(len(text.encode()) for text in texts(request.messages_json))


def _frame(request: ChatRequest) -> int:
    return _PER_MESSAGE * (1 + len(json.loads(request.messages_json)))


def _sound_s(request: ChatRequest) -> float:
    return sum(_seconds(data) for data in sounds(request.messages_json))


def _seconds(data: str) -> float:
    """Length of a sound: by its head where it is a WAV file, else the longest it can be."""
    size = len(data) * 3 // 4
    try:
        head = base64.b64decode(data[: _WAV_HEAD * 2])
    except binascii.Error:
        return size / _SLOWEST
    rate = int.from_bytes(head[_WAV_RATE], "little")
    is_wav = head[:4] == b"RIFF" and rate > 0
    return size / (rate if is_wav else _SLOWEST)
