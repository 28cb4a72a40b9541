"""What a build would ask of models behind endpoints, before it starts: calls, and the most they can
cost."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from annotators import english, heard, seen
from annotators.base import AUDIO_HZ
from annotators.clues_chat import blind, told
from annotators.question import Question, first_request
from annotators.role_settings import Speaking, speaking
from annotators.transcriptions import ask_for_words
from pipeline.budget import as_usage
from pipeline.engines import frames_shown, is_asked
from pipeline.prices import Prices, cost_usd
from pipeline.settings import Settings
from pipeline.stages import ROLES
from pipeline.token_bounds import most_tokens
from schemas.chat import ChatRequest
from schemas.evidence import Evidence, EvidenceItem, SpeakerVisibility
from schemas.label import Vocabulary
from schemas.peak import Picture
from schemas.speech import Transcript
from schemas.units import Row

# A clip that fills them: seventeen units, every measure, two descriptions of a hundred words each.
_EVIDENCE_BYTES: Final = 8_000
_SIGNS_PER_S: Final = 8.0  # of Chinese, spoken fast; no language needs more bytes a second


class RoleCalls(Row):
    """The calls of one role, re-asks left out."""

    role: str
    model: str
    calls: int
    most_tokens: int
    most_usd: float | None  # None: the price of the model is not known


def foresee_calls(
    settings: Settings,
    vocabulary: Vocabulary,
    prices: Prices,
    *,
    clips: int,
    labelled: int,
    clip_s: float,
) -> tuple[RoleCalls, ...]:
    """For so many clips of this mean length, so many of them with a label: about others no chat
    model is asked. Bounds are those of the budget."""
    roles = (
        _role(role, settings, vocabulary, prices, labelled, clip_s)
        for role in ROLES
        if is_asked(settings, role)
    )
    return (*_speech(settings, prices, clips, clip_s), *roles)


def _speech(settings: Settings, prices: Prices, clips: int, clip_s: float) -> Iterator[RoleCalls]:
    """As if every clip had a voice and no words."""
    if settings.speech.engine == "endpoint":
        request = ask_for_words(_wav_of(clip_s), settings.speech.endpoint, "schema")
        yield _calls("speech", request, prices, clips)


def _role(
    role: str,
    settings: Settings,
    vocabulary: Vocabulary,
    prices: Prices,
    clips: int,
    clip_s: float,
) -> RoleCalls:
    asked: Speaking = speaking(settings.chat, getattr(settings, role), role)
    request = first_request(_QUESTIONS[role](settings, vocabulary, clip_s), asked)
    return _calls(role, request, prices, clips, batch=settings.run.chat.batch)


def _calls(
    role: str, request: ChatRequest, prices: Prices, clips: int, *, batch: bool = False
) -> RoleCalls:
    price = prices.of(request.model)
    most = most_tokens(request, price)
    usd = cost_usd(as_usage(most), price, batch=batch)
    return RoleCalls(
        role=role,
        model=request.model,
        calls=clips,
        most_tokens=clips * (most.prompt_tokens + most.output_tokens),
        most_usd=None if usd is None else clips * usd,
    )


def _heard(settings: Settings, vocabulary: Vocabulary, clip_s: float) -> Question[Any]:
    return heard.question(_wav_of(min(clip_s, settings.heard.most_s)), None)


def _wav_of(seconds: float) -> bytes:
    rate = (2 * AUDIO_HZ).to_bytes(4, "little")  # bytes a second, where a WAV file says them
    head = b"RIFF".ljust(28, b"\0") + rate
    return head.ljust(44 + math.ceil(seconds * 2 * AUDIO_HZ), b"\0")


def _seen(settings: Settings, vocabulary: Vocabulary, clip_s: float) -> Question[Any]:
    count = 1 + frames_shown(settings)
    one = Picture(jpeg=b"", width_px=1, height_px=1, frame_index=0, t_s=0.0)
    return seen.question([one] * count, settings.seen)


def _english(settings: Settings, vocabulary: Vocabulary, clip_s: float) -> Question[Any]:
    text = "\u8bcd" * math.ceil(_SIGNS_PER_S * clip_s + 1)
    words = Transcript(text=text, language=None, source="plan", cues=())
    return english.question(words)


def _clues(settings: Settings, vocabulary: Vocabulary, clip_s: float) -> Question[Any]:
    words = "\u8bcd" * math.ceil(_SIGNS_PER_S * clip_s)
    evidence = _full_evidence("x" * _EVIDENCE_BYTES + words)
    if settings.clues.mode == "told":
        return told(evidence, settings.clues, vocabulary, vocabulary.labels[0])
    return blind(evidence, settings.clues, vocabulary)


def _full_evidence(text: str) -> Evidence:
    item = EvidenceItem(
        key="words.text", modality="words", value=None, unit=None, text=text, start_s=0, end_s=0
    )
    nobody = SpeakerVisibility(verdict="unknown", agreement=None, speech_frames=0)
    return Evidence(
        clip_id="plan",
        duration_s=0.0,
        items=(item,),
        speaker=nobody,
        face_share=0.0,
        others_share=0.0,
        makers=(),
        flags=(),
    )


_QUESTIONS: Final[dict[str, Callable[[Settings, Vocabulary, float], Question[Any]]]] = {
    "heard": _heard,
    "seen": _seen,
    "english": _english,
    "clues": _clues,
}
