"""The roles of chat models: what is asked about a clip, or why nothing is."""

from collections.abc import Awaitable, Callable
from typing import Final

from annotators import english, heard, seen
from annotators.clues_chat import ask_for_clues
from annotators.question import Channel
from pipeline.compute import Inputs
from pipeline.recording import sound_of, wav_bytes
from schemas.clip import Clip
from schemas.speech import Speech
from schemas.units import Row

Role = Callable[[Clip, Inputs, Channel], Awaitable[Row]]


async def _heard(clip: Clip, inputs: Inputs, channel: Channel) -> Row:
    speech: Speech = inputs.row("speech", clip)
    if _has_no_peak(clip, inputs):
        return heard.not_asked(clip.clip_id, "no_peak")
    sound = sound_of(inputs.row("recording", clip)) if speech.voiced else None
    if speech.voiced is None or (speech.voiced and sound is None):
        return heard.not_asked(clip.clip_id, "no_audio")
    if sound is None:
        return heard.not_asked(clip.clip_id, "no_speech")
    settings = inputs.settings.heard
    start_s = max(0.0, speech.voiced[0].start_s - settings.margin_s)
    end_s = min(speech.voiced[-1].end_s + settings.margin_s, start_s + settings.most_s)
    wav = wav_bytes(sound, start_s=start_s, end_s=end_s)
    return await heard.listen(clip.clip_id, wav, _words(speech), channel)


async def _seen(clip: Clip, inputs: Inputs, channel: Channel) -> Row:
    settings = inputs.settings.seen
    pictures = seen.chosen(inputs.row("stills", clip), settings)
    if not pictures:
        return seen.not_asked(clip.clip_id, "no_peak")
    return await seen.look(clip.clip_id, pictures, settings, channel)


async def _english(clip: Clip, inputs: Inputs, channel: Channel) -> Row:
    transcript = inputs.row("speech", clip).transcript
    if _has_no_peak(clip, inputs):
        return english.not_asked(clip.clip_id, "no_peak")
    if transcript is None or not transcript.text.strip():
        return english.not_asked(clip.clip_id, "no_words")
    return await english.translate(clip.clip_id, transcript, channel)


async def _clues(clip: Clip, inputs: Inputs, channel: Channel) -> Row:
    settings = inputs.settings.clues
    label = inputs.row("label", clip).label if settings.mode == "told" else None
    return await ask_for_clues(
        inputs.row("evidence", clip),
        settings,
        channel,
        vocabulary=inputs.chain.vocabulary,
        label=label,
    )


def _has_no_peak(clip: Clip, inputs: Inputs) -> bool:
    """Such a clip gives no sample, so no money is spent on it."""
    return inputs.row("peak", clip).moment is None


def _words(speech: Speech) -> str | None:
    return speech.transcript.text if speech.transcript is not None else None


ROLES_ASKED: Final[dict[str, Role]] = {
    "heard": _heard,
    "seen": _seen,
    "english": _english,
    "clues": _clues,
}
