"""Answers of OpenAI-compatible transcription endpoints, by the format that was asked for."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final, Literal

from annotators.hearing import Heard, HeardSegment, HeardWord, Times
from annotators.language_names import LANGUAGE_NAMES
from schemas.errors import AnnotationError

Format = Literal["verbose_json", "json", "text"]
FORMATS: Final[tuple[Format, ...]] = ("verbose_json", "json", "text")  # what tells most comes first


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
