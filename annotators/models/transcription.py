"""Words from an OpenAI-compatible endpoint, `/audio/transcriptions`, over the openai package."""

import io
import wave
from typing import Any, Final

import numpy as np
import openai
from numpy.typing import NDArray
from openai import OpenAI, OpenAIError
from pydantic import SecretStr

from annotators.base import AUDIO_HZ
from annotators.models.chat_errors import translate
from annotators.transcriptions import Format
from schemas.errors import MerrError, ModeUnsupportedError

_NO_KEY: Final = "none"  # what is sent to endpoints without keys: the package wants something
_HIDDEN: Final = "[key]"
_FORMAT_WORDS: Final = ("response_format", "timestamp_granularities", "verbose_json")


class TranscriptionEndpoint:
    """One endpoint and the key for it. The key goes into requests and nowhere else."""

    def __init__(
        self, url: str, model: str, *, key: SecretStr | None, timeout_s: float, retries: int
    ) -> None:
        self.url = url
        self.model = model
        self._key = key
        # The package's own retries wait as Retry-After says, else longer each time.
        self._client = OpenAI(
            api_key=key.get_secret_value() if key else _NO_KEY,
            base_url=url,
            timeout=timeout_s,
            max_retries=retries,
        )

    def ask(self, sound: bytes, form: Format, options: dict[str, Any]) -> str:
        """The whole body of the response. Raises by what the caller must do, see
        `schemas.errors`; ModeUnsupportedError where the model does not write this format."""
        if form == "verbose_json":
            options = {**options, "timestamp_granularities": ["word", "segment"]}
        create = self._client.audio.transcriptions.with_raw_response.create
        try:
            response = create(
                file=("speech.wav", sound, "audio/wav"),
                model=self.model,
                response_format=form,
                **options,
            )
        except openai.BadRequestError as e:
            if any(word in str(e) for word in _FORMAT_WORDS):
                raise ModeUnsupportedError(f"{self.url} {self.model}: no {form}") from None
            raise self._error(e) from None
        except OpenAIError as e:
            raise self._error(e) from None
        return self.redact(str(response.text))

    def redact(self, text: str) -> str:
        """The text without the key, should the other side have sent it back."""
        return text.replace(self._key.get_secret_value(), _HIDDEN) if self._key else text

    def _error(self, error: OpenAIError) -> MerrError:
        return translate(error, endpoint=self.url, model=self.model, redact=self.redact)


def wav_of(samples: NDArray[np.float32]) -> bytes:
    """[N] samples at 16 kHz in -1..1 -> a WAV file of 16 bit, the same bytes for the same sound."""
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(AUDIO_HZ)
        writer.writeframes(whole.tobytes())
    return file.getvalue()
