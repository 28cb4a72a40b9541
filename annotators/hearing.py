"""The words of a clip as an engine heard them, and what of them is believed."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.base import Sound
from schemas.maker import Maker
from schemas.speech import Cue, LeftOut, Span, Speech, Transcript, Word
from schemas.units import Row

Rule = Literal["no_voice", "no_speech", "loop", "no_word"]
Times = tuple[float, float] | None

UNSPACED: Final = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
_NAMES: Final = {"jw": "jv"}  # Whisper's own names of languages -> ISO 639-1


@dataclass(frozen=True)
class HeardWord:
    text: str
    times: Times = None  # seconds from the start of the sound
    probability: float | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class HeardSegment:
    """One sentence or breath of speech, as an engine gives it."""

    text: str
    times: Times = None  # seconds from the start of the sound
    words: tuple[HeardWord, ...] | None = None
    logprob: float | None = None  # mean over its tokens
    no_speech: float | None = None  # probability that nobody speaks


@dataclass(frozen=True)
class Heard:
    segments: tuple[HeardSegment, ...]
    language: str | None = None
    language_probability: float | None = None
    english: tuple[HeardSegment, ...] | None = None  # None: not translated


Listen = Callable[[NDArray[np.float32], tuple[Span, ...]], Heard]
"""[N] samples at 16 kHz in -1..1 and where in them a voice is heard -> the words."""


@dataclass(frozen=True, eq=False)
class Ear:
    """An engine that hears words, loaded."""

    engine: str
    version: str
    model: str  # name and digest of the weights, for Maker.model
    listen: Listen


class HearingRules(Row):
    """When an engine's words are not believed. Defaults are Whisper's (openai/whisper,
    `transcribe.py`)."""

    most_no_speech: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="A segment more likely than this to hold no speech is left out, if it is also "
        "improbable.",
    )
    least_logprob: float = Field(
        default=-1.0,
        le=0,
        description="Mean log probability of its tokens below which a segment is improbable.",
    )
    most_compression: float = Field(
        default=2.4,
        gt=1,
        description="A segment that zlib makes smaller than by this factor repeats itself and is "
        "left out.",
    )


def hear(speech: Speech, sound: Sound | None, ear: Ear, rules: HearingRules) -> Speech:
    """`speech` with the words that an engine heard: as its transcript where none was given, else
    beside it as `heard`.

    Nobody is asked where no voice was found: what an engine writes there is invented. Of what it
    writes the rest is judged segment by segment (`doubt`); nothing left means no transcript.
    """
    made_by = Maker(
        engine=ear.engine,
        version=ear.version,
        model="; ".join(filter(None, (speech.made_by.model, ear.model))),
    )
    told: Transcript | None = None
    left_out: tuple[LeftOut, ...] = ()
    if sound is not None and speech.voiced:
        heard = ear.listen(sound.samples, _inside(speech.voiced, sound))
        told, left_out = write_down(heard, speech.voiced, sound, rules, source=ear.engine)
    place = "transcript" if speech.transcript is None else "heard"
    return speech.model_copy(update={"made_by": made_by, "left_out": left_out, place: told})


def write_down(
    heard: Heard, voiced: Sequence[Span], sound: Sound, rules: HearingRules, *, source: str
) -> tuple[Transcript | None, tuple[LeftOut, ...]]:
    """What is believed, in the time of the clip, and what is not. None: nothing is left."""
    placed = [_placed(segment, sound) for segment in heard.segments]
    doubts = [doubt(segment, voiced, rules) for segment in placed]
    kept = [s for s, rule in zip(placed, doubts, strict=True) if rule is None]
    left_out = tuple(
        LeftOut(text=s.text.strip(), start_s=_start(s.times), end_s=_end(s.times), rule=rule)
        for s, rule in zip(placed, doubts, strict=True)
        if rule is not None and s.text.strip()
    )
    if not kept:
        return None, left_out
    language = _NAMES.get(heard.language or "", heard.language)
    transcript = Transcript(
        text=_joined((s.text for s in kept), language),
        language=language,
        source=source,
        cues=tuple(
            Cue(start_s=_start(s.times), end_s=_end(s.times), text=s.text.strip()) for s in kept
        ),
        language_probability=_probability(heard.language_probability),
        words=_words(kept),
        text_en=_english(heard, voiced, sound, rules),
    )
    return transcript, left_out


def doubt(segment: HeardSegment, voiced: Sequence[Span], rules: HearingRules) -> Rule | None:
    """Why a segment, in the time of the clip, is not believed; None: it is.

    * no_word: it holds neither letter nor digit
    * no_voice: Silero heard no voice anywhere in its time
    * no_speech: the engine itself says so, and finds its words improbable
    * loop: it repeats itself, as Whisper does where it is lost
    """
    if not any(c.isalnum() for c in segment.text):
        return "no_word"
    times = segment.times
    if times and not any(s.start_s < times[1] and times[0] < s.end_s for s in voiced):
        return "no_voice"
    if (
        segment.no_speech is not None
        and segment.logprob is not None
        and segment.no_speech > rules.most_no_speech
        and segment.logprob < rules.least_logprob
    ):
        return "no_speech"
    return "loop" if compression(segment.text) > rules.most_compression else None


def compression(text: str) -> float:
    """Bytes of the text for every byte that zlib makes of it."""
    data = text.strip().encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data))


def _inside(voiced: Sequence[Span], sound: Sound) -> tuple[Span, ...]:
    """The spans in the time of the sound."""
    spans = []
    for span in voiced:
        start_s = max(0.0, span.start_s - sound.start_s)
        end_s = min(sound.duration_s, span.end_s - sound.start_s)
        if end_s > start_s:
            spans.append(Span(start_s=start_s, end_s=end_s))
    return tuple(spans)


def _placed(segment: HeardSegment, sound: Sound) -> HeardSegment:
    """In the time of the clip, inside the sound."""
    words = segment.words
    if words is not None:
        words = tuple(
            HeardWord(w.text, _moved(w.times, sound), w.probability, w.speaker)
            for w in words
            if w.text.strip()
        )
    return HeardSegment(
        segment.text, _moved(segment.times, sound), words, segment.logprob, segment.no_speech
    )


def _moved(times: Times, sound: Sound) -> Times:
    """None, too, for times that run backwards or lie outside of the sound: nobody knows them."""
    if times is None or times[1] < times[0] or times[0] >= sound.duration_s or times[1] < 0:
        return None
    start_s, end_s = max(0.0, times[0]), min(sound.duration_s, times[1])
    moved = (max(0.0, start_s + sound.start_s), max(0.0, end_s + sound.start_s))
    return round(moved[0], 3), round(moved[1], 3)


def _words(kept: Sequence[HeardSegment]) -> tuple[Word, ...] | None:
    """None unless every segment was parted into words: some of the words are no transcript."""
    if any(segment.words is None for segment in kept):
        return None
    return tuple(
        Word(
            text=w.text.strip(),
            start_s=_start(w.times),
            end_s=_end(w.times),
            probability=_probability(w.probability),
            speaker=w.speaker,
        )
        for segment in kept
        for w in segment.words or ()
    )


def _english(heard: Heard, voiced: Sequence[Span], sound: Sound, rules: HearingRules) -> str | None:
    placed = [_placed(segment, sound) for segment in heard.english or ()]
    kept = [s.text for s in placed if doubt(s, voiced, rules) is None]
    return _joined(kept, "en") if kept else None


def _joined(texts: Iterable[str], language: str | None) -> str:
    between = "" if language in UNSPACED else " "
    return between.join(text.strip() for text in texts)


def _probability(value: float | None) -> float | None:
    return None if value is None else round(min(1.0, max(0.0, value)), 4)


def _start(times: Times) -> float | None:
    return None if times is None else times[0]


def _end(times: Times) -> float | None:
    return None if times is None else times[1]
