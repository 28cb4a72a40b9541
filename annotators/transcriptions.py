"""What transcription endpoints (OpenAI-compatible) are asked, and what they answer, by the format
that was asked for."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from annotators.base import AUDIO_HZ
from annotators.hearing import Heard, HeardSegment, HeardWord, Times
from annotators.language_names import LANGUAGE_NAMES
from annotators.whisper_settings import EndpointSettings
from schemas.chat import ChatAnswer, ChatRequest, Mode, Usage, canonical_json
from schemas.errors import AnnotationError, TransientError

Format = Literal["verbose_json", "json", "text"]
# What tells most comes first. A request that says how structure is asked for says it by a mode.
FORMATS: Final[dict[Mode, Format]] = {"schema": "verbose_json", "json": "json", "text": "text"}
_NAME: Final = "transcription"
_WAV_HEAD: Final = 44  # bytes before the samples
_WAV_RATE: Final = 2 * AUDIO_HZ  # bytes a second
_MOST_TOKENS: Final = 2000  # that OpenAI's models write (developers.openai.com, gpt-4o-transcribe)


@dataclass(frozen=True)
class Parcel:
    """What a request holds for the endpoint."""

    wav_base64: str
    form: Format
    told: Mapping[str, str]  # language and prompt, where they are set


def ask_for_words(wav: bytes, settings: EndpointSettings, mode: Mode) -> ChatRequest:
    """Everything that decides the words of a sound."""
    sound = {"data": base64.b64encode(wav).decode(), "format": "wav"}
    told = {"language": settings.language, "prompt": settings.prompt}
    known = canonical_json({name: value for name, value in told.items() if value is not None})
    content = [{"type": "input_audio", "input_audio": sound}, {"type": "text", "text": known}]
    return ChatRequest(
        endpoint=str(settings.url),
        model=str(settings.model),
        messages_json=canonical_json([{"role": "user", "content": content}]),
        answer_name=_NAME,
        mode=mode,
        temperature=settings.temperature,
        max_output_tokens=_MOST_TOKENS,
    )


def is_for_words(request: ChatRequest) -> bool:
    return request.answer_name == _NAME


def unpack(request: ChatRequest) -> Parcel:
    sound, known = json.loads(request.messages_json)[0]["content"]
    told = json.loads(known["text"])
    return Parcel(sound["input_audio"]["data"], FORMATS[request.mode], told)


def answer_of(request: ChatRequest, raw: str) -> ChatAnswer:
    """The body of a response, kept as it came. TransientError when it is no transcription: a proxy
    or a half-started server spoke."""
    try:
        read_transcription(raw, FORMATS[request.mode])
    except AnnotationError as e:
        told = f"{request.endpoint} {request.model}: {e}"
        raise TransientError(told, may_be_paid=True) from None
    return ChatAnswer(
        request_id=request.request_id,
        text=raw,
        finish_reason=None,
        served_model=None,
        usage=_usage(raw, sent_s=_sound_s(request)),
        raw_json=raw,
    )


def _sound_s(request: ChatRequest) -> float:
    data = unpack(request).wav_base64
    return (len(data) * 3 // 4 - data.count("=", -2) - _WAV_HEAD) / _WAV_RATE


def _usage(raw: str, *, sent_s: float) -> Usage:
    """As the endpoint counted; the seconds, where it does not tell them, as they were sent."""
    try:
        told = json.loads(raw)["usage"]
        details = told.get("input_token_details") or {}
        return Usage(
            prompt_tokens=told.get("input_tokens"),
            output_tokens=told.get("output_tokens"),
            audio_tokens=details.get("audio_tokens"),
            sound_s=sent_s if told.get("seconds") is None else told["seconds"],
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return Usage(sound_s=sent_s)


def read_transcription(raw: str, form: Format) -> Heard:
    """[body of a response] -> the words. AnnotationError for a body of another form.

    verbose_json has segments with times and, where the server makes them, words with times; json
    has the text and sometimes the language; text is the text alone.
    """
    if form == "text":
        return Heard(_whole(raw))
    try:
        body = json.loads(raw)
        text = _text(body)
        segments = _segments(body) if form == "verbose_json" else None
        language = _language(body.get("language"))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise AnnotationError(f"the response is no transcription: {type(e).__name__}: {e}") from e
    return Heard(segments or _whole(text), language)


def _text(body: dict[str, Any]) -> str:
    text = body["text"]
    if not isinstance(text, str):
        raise TypeError("its text is no text")
    return text


def _whole(text: str) -> tuple[HeardSegment, ...]:
    return (HeardSegment(text),) if text.strip() else ()


def _segments(body: dict[str, Any]) -> tuple[HeardSegment, ...]:
    told = body.get("segments") or []
    if not told:
        words = body.get("words")
        parted = None if not words else tuple(map(_word, words))
        text = body["text"]
        return (HeardSegment(text, _extent(parted), parted),) if text.strip() else ()
    words = _shared_out([_word(word) for word in body["words"]], told) if body.get("words") else {}
    return tuple(
        HeardSegment(
            text=segment["text"],
            times=_times(segment),
            words=words.get(number) if words else None,
            logprob=_number(segment.get("avg_logprob")),
            no_speech=_number(segment.get("no_speech_prob")),
        )
        for number, segment in enumerate(told)
    )


def _shared_out(
    words: Sequence[HeardWord], segments: Sequence[dict[str, Any]]
) -> dict[int, tuple[HeardWord, ...]]:
    """Words stand apart from the segments: each goes to the first that ends after its middle."""
    ends = [_number(segment.get("end")) or 0.0 for segment in segments]
    shares: dict[int, list[HeardWord]] = {number: [] for number in range(len(segments))}
    for word in words:
        middle = 0.0 if word.times is None else sum(word.times) / 2
        after = (number for number, end in enumerate(ends) if end > middle)
        shares[next(after, len(ends) - 1)].append(word)
    return {number: tuple(share) for number, share in shares.items()}


def _word(word: dict[str, Any]) -> HeardWord:
    return HeardWord(str(word["word"]), _times(word), _number(word.get("probability")))


def _times(told: dict[str, Any]) -> Times:
    start_s, end_s = _number(told.get("start")), _number(told.get("end"))
    return None if start_s is None or end_s is None else (start_s, end_s)


def _extent(words: tuple[HeardWord, ...] | None) -> Times:
    timed = [word.times for word in words or () if word.times is not None]
    return (timed[0][0], timed[-1][1]) if timed else None


def _number(value: object) -> float | None:
    """Servers write nothing, null and now and then a text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _language(told: object) -> str | None:
    """A code, also where the endpoint says "english"; None for what is neither."""
    if not isinstance(told, str):
        return None
    word = told.strip().lower()
    if word in LANGUAGE_NAMES.values():
        return word
    return LANGUAGE_NAMES.get(word)
