"""Where a voice is heard, and the words, when somebody wrote them down."""

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


class Transcript(Row):
    text: str  # never empty
    language: str | None  # ISO 639-1, only when somebody said so
    source: str  # "subtitles", "transcripts" or the engine that heard it
    cues: tuple[Cue, ...]


class Speech(Row):
    """`voiced` is None without sound, and empty where nobody speaks."""

    clip_id: str
    made_by: Maker
    voiced: tuple[Span, ...] | None
    voice_probability: Probability | None  # highest of the detector's windows
    transcript: Transcript | None
