"""Words from an OpenAI-compatible endpoint, `/audio/transcriptions`, over the openai package."""

import base64
from typing import Any

from openai import AsyncOpenAI

from annotators.transcriptions import Parcel, unpack
from schemas.chat import ChatRequest


async def transcribe(client: AsyncOpenAI, request: ChatRequest) -> str:
    """The whole body of the response. Raises OpenAIError."""
    parcel = unpack(request)
    create: Any = client.audio.transcriptions.with_raw_response.create
    response = await create(
        file=("speech.wav", base64.b64decode(parcel.wav_base64), "audio/wav"),
        model=request.model,
        response_format=parcel.form,
        **_options(request, parcel),
    )
    return str(response.text)


def _options(request: ChatRequest, parcel: Parcel) -> dict[str, Any]:
    options: dict[str, Any] = dict(parcel.told)
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if parcel.form == "verbose_json":
        options["timestamp_granularities"] = ["word", "segment"]
    return options
