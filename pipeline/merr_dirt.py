"""What imported texts hold in place of an annotation: only what is plainly dirt is named."""

import re
from typing import Final

VERSION: Final = "1"
_REFUSAL: Final = re.compile(
    r"\bI (?:cannot|can't|can not|am unable to|'m unable to|am not able to) "
    r"(?:help|assist|provide|fulfil|create|generate|answer|comply|determine)\b|"
    r"\bas an ai\b|^\W*(?:i'm |i am )?(?:sorry|i apologi[sz]e)\b.{0,80}\b(?:can't|cannot|unable)\b",
    re.I,
)
_NO_TONE: Final = re.compile(
    r"\b(?:none|not|any|no)\b.{0,60}\b(?:listed|mentioned|given) (?:emotion|tone)s?\b|"
    r"\b(?:none|not|any|no)\b.{0,60}\b(?:emotion|tone)s?\b.{0,20}\b(?:listed|mentioned|given)\b",
    re.I,
)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def dirt_in(field: str, text: str, *, transcript: str | None = None) -> tuple[str, ...]:
    """Kinds of dirt; empty for a clean text. People may say anything, so `text` has none."""
    if field == "text":
        return ()
    found = ["refusal"] if _REFUSAL.search(text) else []
    if field == "audio_prior_list":
        if _NO_TONE.search(text):
            found.append("no_listed_emotion")
        elif _HAN.search(text) or text == transcript:
            found.append("transcript_as_tone")
    return tuple(found)
