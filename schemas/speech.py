"""Where a voice is heard, and the words, when somebody wrote them down."""

from typing import Literal

from schemas.maker import Maker
from schemas.units import Probability, Row, Seconds


class Span(Row):
    start_s: Seconds  # from the start of the clip
    end_s: Seconds


class Cue(Row):
    """A subtitle, or one sentence of a transcript."""

    start_s: Seconds | None  # from the start of the clip; None: no time is known
    end_s: Seconds | None
    text: str


class Word(Row):
    """A word as an engine parted it. One that could not be timed has no times."""

    text: str  # never empty; punctuation stays with it
    start_s: Seconds | None  # from the start of the clip
    end_s: Seconds | None
    probability: Probability | None  # as the engine tells it
    speaker: str | None  # a label that holds inside this clip only


class Transcript(Row):
    text: str  # never empty
    language: str | None  # ISO 639-1 where there is one, only when somebody or an engine said so
    source: str  # "subtitles", "transcripts" or the engine that heard it
    cues: tuple[Cue, ...]
    language_probability: Probability | None = None  # where an engine told the language
    words: tuple[Word, ...] | None = None  # None: nobody parted the text into timed words
    text_en: str | None = None  # English, where somebody translated; never in the place of text


class LeftOut(Row):
    """What an engine wrote and a rule did not believe; kept, but no words of the clip."""

    text: str
    start_s: Seconds | None  # from the start of the clip
    end_s: Seconds | None
    rule: Literal["no_voice", "no_speech", "loop", "no_word"]


class Speech(Row):
    """`voiced` is None without sound, and empty where nobody speaks."""

    clip_id: str
    made_by: Maker
    voiced: tuple[Span, ...] | None
    voice_probability: Probability | None  # highest of the detector's windows
    transcript: Transcript | None
    heard: Transcript | None = None  # an engine's words where words were given, too
    left_out: tuple[LeftOut, ...] | None = None  # None: no engine listened for words
