"""An endpoint as an ear: asked through the answer store, so that no answer is paid twice."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from annotators.hearing import Ear, Heard
from annotators.models.transcription import TranscriptionEndpoint, wav_of
from annotators.transcriptions import FORMATS, Format, read_transcription
from annotators.whisper_settings import EndpointRun, EndpointSettings
from pipeline.answer_rows import Most
from pipeline.answer_store import open_engine
from pipeline.answers import AnswerStore, this_process
from schemas.chat import ChatAnswer, ChatRequest, Usage, canonical_json
from schemas.errors import (
    AnnotationError,
    MerrError,
    MissingAnswerError,
    ModeUnsupportedError,
    SetupError,
    TransientError,
)
from schemas.speech import Span
from schemas.units import Row

ENGINE: Final = "endpoint"
VERSION: Final = "1"
STAGE: Final = "speech"
_NOTHING_KNOWN: Final = Most(prompt_tokens=0, output_tokens=0)  # endpoints bill by the minute


class Services(Row):
    """What a worker needs to ask an endpoint. Goes over its pipe, and nowhere else."""

    default: str  # path of the answer store, where none is set
    store: str | None = None  # run.chat.store
    key: str | None = None  # of the endpoint
    replay: bool = False  # ask nobody: every answer must be in the store


@cache
def open_endpoint_ear(settings: EndpointSettings, run: EndpointRun, services: Services) -> Ear:
    """Once in a process. Sends nothing yet. SetupError where the store cannot be used."""
    if settings.url is None or settings.model is None:
        raise SetupError("speech.endpoint: url and model must be set")
    key = None if services.key is None else SecretStr(services.key)
    endpoint = TranscriptionEndpoint(
        settings.url, settings.model, key=key, timeout_s=run.timeout_s, retries=run.retries
    )
    engine = open_engine(services.store, default=Path(services.default))
    asker = _Asker(endpoint, AnswerStore(engine, holder=this_process()), settings, services.replay)
    return Ear(
        engine=ENGINE,
        version=VERSION,
        model=f"{settings.model} {settings.url}",
        listen=asker.listen,
    )


class _Asker:
    def __init__(
        self,
        endpoint: TranscriptionEndpoint,
        store: AnswerStore,
        settings: EndpointSettings,
        replay: bool,
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._settings = settings
        self._replay = replay
        self._refused: set[Format] = set()

    def listen(self, samples: NDArray[np.float32], voiced: tuple[Span, ...]) -> Heard:
        sound = wav_of(samples)
        requests = {form: self._request(sound, form) for form in FORMATS}
        for form, request in requests.items():
            answer = self._store.get(request.request_id)
            if answer is not None:
                return read_transcription(answer.raw_json, form)
        if self._replay:
            raise MissingAnswerError(
                f"{self._endpoint.url} {self._endpoint.model}: the answer store has no "
                "transcription of this sound"
            )
        return self._asked(sound, requests)

    def _asked(self, sound: bytes, requests: dict[Format, ChatRequest]) -> Heard:
        """In the first format that the model writes."""
        for form, request in requests.items():
            if form not in self._refused:
                try:
                    return read_transcription(self._call(sound, form, request), form)
                except ModeUnsupportedError:
                    self._refused.add(form)
        raise SetupError(
            f"{self._endpoint.url} {self._endpoint.model}: writes none of {', '.join(FORMATS)}"
        )

    def _call(self, sound: bytes, form: Format, request: ChatRequest) -> str:
        """Noted before it is sent, stored before it is used. What is no transcription (a proxy or
        a half-started server spoke) is not stored."""
        self._store.note(request, stage=STAGE, most=_NOTHING_KNOWN)
        try:
            raw = self._endpoint.ask(sound, form, _options(self._settings))
            _check(raw, form, self._endpoint)
        except MerrError as e:
            lost = isinstance(e, TransientError) and e.may_be_paid
            self._store.unnote(request.request_id, lost=lost)
            raise
        return self._store.put(request, _answer(request, raw), stage=STAGE).raw_json

    def _request(self, sound: bytes, form: Format) -> ChatRequest:
        """Everything that decides the answer; the sound by its hash."""
        asked = {
            "transcription": hashlib.sha256(sound).hexdigest(),
            "response_format": form,
            **_options(self._settings),
        }
        return ChatRequest(
            endpoint=self._endpoint.url,
            model=self._endpoint.model,
            messages_json=canonical_json([{"role": "user", "content": canonical_json(asked)}]),
            answer_name="transcription",
        )


def _check(raw: str, form: Format, endpoint: TranscriptionEndpoint) -> None:
    try:
        read_transcription(raw, form)
    except AnnotationError as e:
        told = f"{endpoint.url} {endpoint.model}: {e}"
        raise TransientError(told, may_be_paid=True) from None


def _options(settings: EndpointSettings) -> dict[str, Any]:
    """What is set of the parameters that the model is given."""
    told = {
        "language": settings.language,
        "prompt": settings.prompt,
        "temperature": settings.temperature,
    }
    return {name: value for name, value in told.items() if value is not None}


def _answer(request: ChatRequest, raw: str) -> ChatAnswer:
    """A body is kept as it came; what can be counted of its use is taken out."""
    return ChatAnswer(
        request_id=request.request_id,
        text=raw,
        finish_reason=None,
        served_model=None,
        usage=_usage(raw),
        raw_json=raw,
    )


def _usage(raw: str) -> Usage:
    try:
        told = json.loads(raw)["usage"]
        return Usage(
            prompt_tokens=told.get("input_tokens"),
            output_tokens=told.get("output_tokens"),
            audio_tokens=(told.get("input_token_details") or {}).get("audio_tokens"),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return Usage()
