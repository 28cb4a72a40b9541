"""The scene by a model that sees: an objective description without words for feelings."""

import base64
from collections.abc import Sequence
from typing import Final, Literal

from annotators.injection import flags_of
from annotators.prompt import load_prompt
from annotators.prose import feelings_in, unfit_prose
from annotators.question import Channel, Question, ask_for, maker
from annotators.role_settings import SeenSettings
from schemas.maker import Maker
from schemas.peak import Picture, Stills
from schemas.seen import Seen
from schemas.units import Row

VERSION: Final = "1"
MOST_WORDS: Final = 120
Missing = Literal["no_engine", "no_peak"]
_LINES: Final = "seen: true or false\ndescription: the scene"


class SeenAnswer(Row):
    seen: bool
    description: str | None


def not_asked(clip_id: str, missing: Missing) -> Seen:
    return Seen(
        clip_id=clip_id,
        made_by=Maker(engine="none", version=VERSION),
        description=None,
        frames=(),
        missing=missing,
        flags=(),
        asked=None,
        raw=None,
    )


def chosen(stills: Stills, settings: SeenSettings) -> tuple[Picture, ...]:
    """The pictures to show, in the order of time, none twice; empty without a peak."""
    if stills.peak is None:
        return ()
    wanted = [stills.peak]
    if settings.frames > 1:
        wanted += [stills.first, *(stills.more or ())]
    by_frame = {picture.frame_index: picture for picture in wanted}
    return tuple(by_frame[index] for index in sorted(by_frame))


async def look(
    clip_id: str, pictures: Sequence[Picture], settings: SeenSettings, channel: Channel
) -> Seen:
    """Raises as `ask_for`."""
    answered = await ask_for(question(pictures, settings), channel)
    answer = answered.answer
    return Seen(
        clip_id=clip_id,
        made_by=maker(VERSION, load_prompt("seen"), channel.speaking),
        description=" ".join((answer.description or "").split()) if answer.seen else None,
        frames=tuple(picture.frame_index for picture in pictures),
        missing=None if answer.seen else "not_seen",
        flags=flags_of(answer.description),
        asked=answered.asked,
        raw=answered.raw,
    )


def question(pictures: Sequence[Picture], settings: SeenSettings) -> Question[SeenAnswer]:
    prompt = load_prompt("seen")

    def unfit(answer: SeenAnswer) -> str | None:
        if not answer.seen:
            return None
        why = unfit_prose(answer.description, prompt=prompt, most_words=MOST_WORDS)
        feelings = feelings_in(answer.description or "")
        if why is None and feelings:
            why = f"it has words for feelings or moods: {', '.join(dict.fromkeys(feelings))}"
        return f"description: {why}" if why else None

    frames = "one_frame" if len(pictures) == 1 else "more_frames"
    return Question(
        prompt=prompt,
        texts={"frames": prompt.words[frames]},
        answer=SeenAnswer,
        lines=_LINES,
        unfit=unfit,
        media=tuple(_image(picture, settings.detail) for picture in pictures),
    )


def _image(picture: Picture, detail: str) -> dict[str, object]:
    url = f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}
