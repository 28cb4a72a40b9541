"""The tone of a voice by a model that listens: MERR's closed choice and a description."""

import base64
from typing import Any, Final, Literal, get_args

from pydantic import field_validator

from annotators.injection import flags_of
from annotators.prompt import load_prompt
from annotators.prose import repeats, unfit_prose
from annotators.question import Answered, Channel, Question, ask_for, maker
from schemas.heard import Heard, HeardTone
from schemas.maker import Maker
from schemas.units import Row

VERSION: Final = "1"
MOST_WORDS: Final = 80
TONES: Final[tuple[str, ...]] = get_args(HeardTone)
Missing = Literal["no_engine", "no_peak", "no_audio", "no_speech"]
_LINES: Final = (
    "heard: true or false\ntone: one of the words above, or null\ndescription: how the voice sounds"
)
_QUOTED: Final = 6  # words in a row that are also in the transcript


class HeardAnswer(Row):
    heard: bool
    tone: HeardTone | None
    description: str | None

    @field_validator("tone", mode="before")
    @classmethod
    def _lower(cls, tone: Any) -> Any:
        return tone.strip().strip(".").lower() if isinstance(tone, str) else tone


def not_asked(clip_id: str, missing: Missing) -> Heard:
    return Heard(
        clip_id=clip_id,
        made_by=Maker(engine="none", version=VERSION),
        tone=None,
        description=None,
        missing=missing,
        flags=(),
        asked=None,
        raw=None,
    )


async def listen(clip_id: str, wav: bytes, words: str | None, channel: Channel) -> Heard:
    """`wav`: the speech of the clip. `words`: what is said, which is not sent; it tells whether an
    answer is a transcript, and whether somebody speaks to the model. Raises as `ask_for`."""
    answered = await ask_for(question(wav, words), channel)
    return _row(clip_id, answered, words, channel)


def question(wav: bytes, words: str | None) -> Question[HeardAnswer]:
    prompt = load_prompt("heard")

    def unfit(answer: HeardAnswer) -> str | None:
        if not answer.heard:
            return None
        if words is not None and repeats(answer.description or "", words, words=_QUOTED):
            return "description: it repeats the words instead of telling how they sound"
        why = unfit_prose(answer.description, prompt=prompt, most_words=MOST_WORDS)
        return f"description: {why}" if why else None

    sound = {"data": base64.b64encode(wav).decode(), "format": "wav"}
    return Question(
        prompt=prompt,
        texts={"tones": ", ".join(TONES)},
        answer=HeardAnswer,
        lines=_LINES,
        unfit=unfit,
        media=({"type": "input_audio", "input_audio": sound},),
    )


def _row(
    clip_id: str, answered: Answered[HeardAnswer], words: str | None, channel: Channel
) -> Heard:
    answer = answered.answer
    return Heard(
        clip_id=clip_id,
        made_by=maker(VERSION, load_prompt("heard"), channel.speaking),
        tone=answer.tone if answer.heard else None,
        description=_line(answer.description) if answer.heard else None,
        missing=None if answer.heard else "not_heard",
        flags=flags_of(words, answer.description),
        asked=answered.asked,
        raw=answered.raw,
    )


def _line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())
