"""Words from a service. The sound comes out of the worker that decoded it; its words are asked for
like the answers of chat models, and go into the rows of speech and tone."""

import base64
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydantic import Base64Bytes

from annotators.base import Sound
from annotators.engine_settings import SpeechSettings
from annotators.hearing import Ear, Heard, hear
from annotators.tone import with_words
from annotators.transcriptions import FORMATS, ask_for_words, read_transcription
from annotators.whisper_settings import EndpointSettings
from pipeline.outcomes import NAMED, fail
from pipeline.recording import wav_bytes
from pipeline.talk import Talk
from schemas.chat import Ask
from schemas.errors import ModeUnsupportedError, SetupError
from schemas.norms import Norms
from schemas.speech import Speech
from schemas.tone import Tone
from schemas.units import Row

STAGE: Final = "speech"
_ENGINE: Final = "endpoint"
_VERSION: Final = "1"
_WAV_HEAD: Final = 44  # bytes before the samples

Outcomes = MutableMapping[str, Row]  # stage -> row or Failure


class Unheard(Row):
    """Sound with a voice in it, on its way from a worker."""

    wav: Base64Bytes
    start_s: float  # of the first sample, from the start of the clip


def unheard(sound: Sound) -> dict[str, Any]:
    """As JSON, for the way out of a worker."""
    wav = wav_bytes(sound, start_s=0.0, end_s=sound.duration_s)
    return {"wav": base64.b64encode(wav).decode(), "start_s": sound.start_s}


def service_ear(settings: EndpointSettings, heard: Heard | None = None) -> Ear:
    """The service as an engine, which says what it has answered."""
    told = heard or Heard(())
    return Ear(
        engine=_ENGINE,
        version=_VERSION,
        model=f"{settings.model} {settings.url}",
        listen=lambda samples, voiced: told,
    )


@dataclass(frozen=True)
class Transcribing:
    """For the clips of a shard."""

    talk: Talk
    settings: SpeechSettings
    norms: Norms | None

    def fill_in(
        self, sounds: Mapping[str, Unheard], outcomes: Mapping[str, Outcomes]
    ) -> Mapping[str, Row]:
        """clip_id -> its speech with the words, or a Failure. Their tone, in `outcomes`, gets its
        rate of words; where the words failed there is none.

        Raises as `Talk.each`: SetupError for a budget, a key, an outage.
        """
        ask = self.talk.ear(STAGE)
        works = [
            partial(self._heard, clip_id, sound, outcomes[clip_id][STAGE], ask)
            for clip_id, sound in sounds.items()
        ]
        told = dict(zip(sounds, self.talk.each(works), strict=True))
        rows = {clip_id: row for clip_id, row in told.items() if row is not None}
        for clip_id, row in rows.items():
            self._put(row, outcomes[clip_id])
        return rows

    async def _heard(self, clip_id: str, sound: Unheard, speech: Row, ask: Ask) -> Row:
        if not isinstance(speech, Speech):
            return speech
        try:
            heard = await words_of(sound.wav, self.settings.endpoint, ask)
        except NAMED as e:
            return fail("clip", clip_id, STAGE, e)
        ear = service_ear(self.settings.endpoint, heard)
        return hear(speech, _sound_of(sound), ear, self.settings.rules)

    def _put(self, row: Row, outcomes: Outcomes) -> None:
        outcomes[STAGE] = row
        tone = outcomes.get("tone")
        if not isinstance(row, Speech):
            outcomes.pop("tone", None)
        elif isinstance(tone, Tone) and row.transcript is not None:
            outcomes["tone"] = with_words(tone, row.transcript, self.norms)


async def words_of(wav: bytes, settings: EndpointSettings, ask: Ask) -> Heard:
    """In the first format that the model writes. Raises as `ask`; SetupError where it writes
    none."""
    for mode, form in FORMATS.items():
        try:
            answer = await ask(ask_for_words(wav, settings, mode))
        except ModeUnsupportedError:
            continue
        return read_transcription(answer.raw_json, form)
    told = ", ".join(FORMATS.values())
    raise SetupError(f"{settings.url} {settings.model}: writes none of {told}")


def _sound_of(sound: Unheard) -> Sound:
    import numpy as np

    samples = np.frombuffer(sound.wav, "<i2", offset=_WAV_HEAD)
    return Sound(samples.astype(np.float32) / np.float32(32768), sound.start_s)
