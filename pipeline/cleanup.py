"""Clean-up: what a model let through in place of an annotation, found in texts of other makers.

MERR's release holds all of it: refusals where an explanation should be, "none of the listed
emotions" for every fifth tone, transcripts in the tone field, texts cut in the middle. Only what is
plainly dirt is named; an odd sentence is no dirt.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from annotators.declining import declines, unquoted

Field = Literal["tone", "caption", "text", "phrase", "label"]
VERSION: Final = "3"  # changes when the same text would be judged otherwise
REASONS: Final = (
    "empty",
    "error_text",
    "refusal",
    "no_listed_emotion",
    "transcript_as_tone",
    "truncated",
)
# MERR's own names for what we call tone, caption, text, phrase and label.
_FIELDS: Final[dict[str, Field]] = {
    "audio_prior_list": "tone",
    "smp_reason_caption": "caption",
    "visual_objective": "caption",
    "visual_prior_list": "phrase",
    "pseu_emotion": "label",
    **{name: name for name in ("tone", "caption", "text", "phrase", "label")},
}
_NO_VALUE: Final = re.compile(r"\W*(?:none|null|nan|n/a|unknown|undefined)?\W*", re.IGNORECASE)
_ERROR: Final = re.compile(
    r"^\W*(?:error\b\s*:?\s*(?:\d{3}|code|processing)|traceback \(most recent|"
    r"(?:\d{3} )?(?:internal server error|bad gateway|too many requests)|rate limit)",
    re.IGNORECASE,
)
# In a caption that should explain; a description of a scene may well say that there is no evidence.
_EVASION: Final = re.compile(
    r"\bis there (?:something|anything) else (?:i|you)\b|"
    r"\b(?:there is|there's) (?:not enough|insufficient|no) (?:information|evidence|context) "
    r"(?:provided |given )?to\b",
    re.IGNORECASE,
)
_NO_EMOTION: Final = re.compile(
    r"\b(?:none|neither|not|n't|any|no|without)\b.{0,60}\b(?:emotions?|tones?|options?|choices?|"
    r"labels?|categor(?:y|ies))\b.{0,20}\b(?:listed|above|mentioned|given|provided|options)\b|"
    r"(?:\bnone|\bneither|\bnot|n't|\bany|\bno)\b.{0,60}"
    r"\b(?:listed|mentioned|given|provided|above) "
    r"(?:emotions?|tones?|options?|choices?|labels?|categor(?:y|ies))\b|"
    r"(?:\bnot|n't) (?:one|any) of the (?:listed|given|provided|mentioned|above)\b|"
    r"\bnone of (?:the (?:above|listed|options|choices|emotions|tones)|these|those)\b|"
    r"以上(?:都|均|皆)不|没有(?:列出|给出|提到)的(?:情绪|情感|语气)|(?:都|均)不属于",
    re.IGNORECASE,
)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_TONE_WORD: Final = re.compile(
    r"\b(?:tones?|voices?|sounds?|sounding|speaks?|speaking|spoken|emotions?|emotional|manner|mood|"
    r"intonation|pitch|accent|pace|volume|feeling)\b|[语声嗓音]|情绪|情感|口吻|腔调",
    re.IGNORECASE,
)
_ONE_TONE: Final = (
    4  # words; "joyful", "a calm voice", "sad and slow" are tones, a sentence is said
)
_ENDS: Final = tuple(".!?\u2026\u3002\uff01\uff1f\"'\u201d\u2019)\uff09\u300d")
_LEAST_TO_END: Final = 6  # words; shorter texts are notes and need no full stop
_DANGLING: Final = re.compile(
    r"(?:,|;|:|\u2014|-|\uff0c|\uff1b|\b(?:and|or|but|the|an?|of|to|in|on|at|with|for|by|from|as|"
    r"that|which|who|is|are|was|were|his|her|their|its|because|suggesting|indicating))\s*$",
    re.IGNORECASE,
)


_NO_NOUN: Final = re.compile(r"\b(?:in|with) an? \w+$", re.IGNORECASE)  # "in a hurried"
_TONE_NOUNS: Final = ("tone", "voice", "manner", "way", "pitch", "whisper", "murmur", "accent")


def dirt_in(field: str, text: str, *, transcript: str | None = None) -> tuple[str, ...]:
    """Reasons out of REASONS, in that order; empty for a clean text.

    `field` is one of ours (tone, caption, text, phrase, label) or MERR's name of it; ValueError
    for another. `transcript`: the words of the clip; a tone that repeats them is none.
    """
    kind = _FIELDS.get(field)
    if kind is None:
        raise ValueError(f"{field!r} is no field that dirt is known of: {', '.join(_FIELDS)}")
    found = set(_found(kind, " ".join(text.split()), transcript))
    return tuple(reason for reason in REASONS if reason in found)


def _found(kind: Field, text: str, transcript: str | None) -> Iterator[str]:
    if _NO_VALUE.fullmatch(text):
        yield "empty"
        return
    if kind == "text":  # people say anything, also that they cannot help
        return
    if _ERROR.search(text):
        yield "error_text"
    if declines(text) or _EVASION.search(unquoted(text)):
        yield "refusal"
    if kind in ("tone", "label") and _NO_EMOTION.search(text):
        yield "no_listed_emotion"
    elif kind == "tone" and _is_speech(text, transcript):
        yield "transcript_as_tone"
    if (kind == "caption" and _is_cut(text)) or (kind == "tone" and _lacks_noun(text)):
        yield "truncated"


def _is_speech(text: str, transcript: str | None) -> bool:
    """Words of the clip, or a Chinese sentence that says nothing of a voice."""
    if (
        transcript is not None
        and len(_letters(text)) > 3
        and _letters(text) in _letters(transcript)
    ):
        return True
    if _TONE_WORD.search(text):
        return False
    han = len(_HAN.findall(text))
    if han:
        return han > _ONE_TONE
    return len(text.split()) > _ONE_TONE and text[-1:] in "?!"


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _lacks_noun(text: str) -> bool:
    return _NO_NOUN.search(text) is not None and not text.endswith(_TONE_NOUNS)


def _is_cut(text: str) -> bool:
    """Stops in the middle: no full stop, a word that asks for another, a quote left open."""
    if text.count('"') % 2 or text.count("\u201c") > text.count("\u201d"):
        return True
    if _DANGLING.search(text):
        return True
    long = len(text.split()) >= _LEAST_TO_END or len(_HAN.findall(text)) >= 2 * _LEAST_TO_END
    return long and not text.endswith(_ENDS)
