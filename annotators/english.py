"""The words of a clip in English by a chat model. English words are not sent anywhere."""

import re
from typing import Final, Literal

from annotators.fence import fenced
from annotators.injection import flags_of
from annotators.prompt import load_prompt
from annotators.prose import is_english, unfit_prose
from annotators.question import Channel, Question, ask_for, maker
from schemas.english import English
from schemas.errors import RefusedError
from schemas.maker import Maker
from schemas.speech import Transcript
from schemas.units import Row

VERSION: Final = "1"
Missing = Literal["no_engine", "no_peak", "no_words"]
_LINES: Final = "text_en: the translation"
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# People in films say that they cannot help; this only a translator says.
_DECLINED: Final = re.compile(
    r"\bas an? (?:ai|artificial|(?:large )?language model)\b"
    r"|(?:can't|can\s?not|unable to) (?:translate|assist with|help with (?:this|that))\b",
    re.I,
)
# Words of a translation for each word of the original (a word of Chinese or Japanese has about 1.7
# signs). Far outside of it something is left out or made up. Ours.
_SIGNS_PER_WORD: Final = 1.7
_LEAST, _MOST, _FREE = 0.3, 4.0, 8


class EnglishAnswer(Row):
    text_en: str


def not_asked(clip_id: str, missing: Missing) -> English:
    return _unasked(clip_id, None, None, missing)


async def translate(clip_id: str, transcript: Transcript, channel: Channel) -> English:
    """Nothing is sent where the words are English, or translated by who heard them. Raises as
    `ask_for`."""
    if said_in_english(transcript):
        return _unasked(clip_id, " ".join(transcript.text.split()), "same", None)
    if transcript.text_en is not None:
        return _unasked(clip_id, transcript.text_en, "speech", None)
    answered = await ask_for(question(transcript), channel)
    return English(
        clip_id=clip_id,
        made_by=maker(VERSION, load_prompt("english"), channel.speaking),
        text_en=" ".join(answered.answer.text_en.split()),
        source="chat",
        missing=None,
        flags=flags_of(transcript.text, answered.answer.text_en),
        asked=answered.asked,
        raw=answered.raw,
    )


def said_in_english(transcript: Transcript) -> bool:
    """As somebody says so, else as it reads."""
    if transcript.language is not None:
        return transcript.language.lower().startswith("en")
    return is_english(transcript.text)


def question(transcript: Transcript) -> Question[EnglishAnswer]:
    prompt = load_prompt("english")
    words = {"said": transcript.text}
    if transcript.language is not None:
        words["language"] = transcript.language

    def unfit(answer: EnglishAnswer) -> str | None:
        most = 20 + int(_MOST * size_in_words(transcript.text))
        if _DECLINED.search(answer.text_en):
            raise RefusedError("the model declined to translate")
        why = unfit_prose(answer.text_en, prompt=prompt, most_words=most, may_decline=True)
        if why is None and not _likely_length(transcript.text, answer.text_en):
            why = "the translation is much shorter or longer than the original"
        return f"text_en: {why}" if why else None

    return Question(
        prompt=prompt,
        texts={"words": fenced([words])},
        answer=EnglishAnswer,
        lines=_LINES,
        unfit=unfit,
    )


def size_in_words(text: str) -> float:
    signs = len(_HAN.findall(text))
    return signs / _SIGNS_PER_WORD + len(_WORD.findall(_HAN.sub(" ", text)))


def _likely_length(original: str, translation: str) -> bool:
    words, original_words = size_in_words(translation), size_in_words(original)
    return _LEAST * original_words <= words <= _MOST * original_words + _FREE


def _unasked(
    clip_id: str,
    text: str | None,
    source: Literal["same", "speech"] | None,
    missing: Missing | None,
) -> English:
    return English(
        clip_id=clip_id,
        made_by=Maker(engine="none", version=VERSION),
        text_en=text,
        source=source,
        missing=missing,
        flags=flags_of(text),
        asked=None,
        raw=None,
    )
