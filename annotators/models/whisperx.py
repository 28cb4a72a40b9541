"""Words heard by WhisperX in an environment of its own, aligned and with speakers where wanted."""

import atexit
import base64
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from annotators.base import AUDIO_HZ
from annotators.hearing import Ear, Heard, HeardSegment, HeardWord
from annotators.models.side_process import SideCommand, SideProcess
from annotators.models.whisper_files import find_whisper
from annotators.whisper_settings import WhisperXRun, WhisperXSettings
from schemas.errors import AnnotationError, SetupError
from schemas.speech import Span
from schemas.units import Row

ENGINE: Final = "whisperx"
VERSION: Final = "1"
WHISPERX: Final = "3.8.6"
_SLOWEST: Final = 10.0  # seconds of work for a second of sound, beyond `deadline_s`


class SideWord(Row):
    """See `whisperx_side.py`."""

    text: str
    start: float | None
    end: float | None
    probability: float | None
    speaker: str | None


class SideSegment(Row):
    text: str
    start: float | None
    end: float | None
    logprob: float | None
    words: tuple[SideWord, ...] | None


class SideHeard(Row):
    language: str | None
    segments: tuple[SideSegment, ...]
    english: tuple[SideSegment, ...] | None


def whisperx_python(run: WhisperXRun) -> Path:
    """The Python that has WhisperX: as set, or the one of `merr engines install whisperx`."""
    built = Path(sys.prefix) / "share" / "merr" / "engines" / ENGINE / "bin" / "python"
    return run.python or built


def whisperx_model_text(settings: WhisperXSettings) -> str:
    """For keys: a folder by its digest. Whether a name is there, only its environment knows."""
    if Path(settings.model).expanduser().is_dir():
        return find_whisper(settings.model).text
    return settings.model


def side_command(
    settings: WhisperXSettings, run: WhisperXRun, *, offline: bool = True
) -> SideCommand:
    """`offline`: take models out of the caches of the user alone, as every build does."""
    quiet = {"TOKENIZERS_PARALLELISM": "false", "PYANNOTE_METRICS_ENABLED": "0"}
    return SideCommand(
        name=ENGINE,
        python=whisperx_python(run),
        script=Path(__file__).with_name("whisperx_side.py"),
        options={**settings.model_dump(mode="json"), "offline": offline},
        start_s=run.start_s,
        memory_bytes=round(run.memory_gb * (1 << 30)),
        environment={**quiet, "HF_HUB_OFFLINE": "1"} if offline else quiet,
    )


@cache
def load_whisperx(settings: WhisperXSettings, run: WhisperXRun) -> Ear:
    """Its process starts here, once in a worker process, and again after it hung or crashed.

    SetupError: not installed, another version, a model that is not there.
    """
    side = SideProcess(side_command(settings, run))
    atexit.register(side.close)  # a worker that is killed does not come here: see leash.py
    versions = side.versions()
    if versions.get("whisperx") != WHISPERX:
        side.close()
        raise SetupError(
            f"whisperx: {versions.get('whisperx')} is installed there, expected {WHISPERX}; run "
            "`merr engines install whisperx`, or unset run.whisperx.python"
        )

    def listen(samples: NDArray[np.float32], voiced: tuple[Span, ...]) -> Heard:
        deadline_s = run.deadline_s + _SLOWEST * len(samples) / AUDIO_HZ
        return read_heard(side.ask(question(samples, voiced), deadline_s=deadline_s))

    name = Path(settings.model).name if Path(settings.model).is_dir() else settings.model
    model = f"{name} sha256:{versions.get('weights', '')[:16]}; whisperx {WHISPERX}"
    return Ear(engine=ENGINE, version=VERSION, model=model, listen=listen)


def question(samples: NDArray[np.float32], voiced: tuple[Span, ...]) -> dict[str, Any]:
    return {
        "samples": base64.b64encode(samples.astype("<f4").tobytes()).decode(),
        "voiced": [[span.start_s, span.end_s] for span in voiced],
    }


def read_heard(answer: dict[str, Any]) -> Heard:
    """AnnotationError for an answer of another form."""
    try:
        told = SideHeard.model_validate(answer)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise AnnotationError(
            f"whisperx: its answer is no transcript: {where}: {first['msg']}"
        ) from e
    return Heard(
        segments=tuple(map(_segment, told.segments)),
        language=told.language,
        english=None if told.english is None else tuple(map(_segment, told.english)),
    )


def _segment(told: SideSegment) -> HeardSegment:
    words = None if told.words is None else tuple(map(_word, told.words))
    return HeardSegment(told.text, _times(told), words, told.logprob)


def _word(told: SideWord) -> HeardWord:
    return HeardWord(told.text, _times(told), told.probability, told.speaker)


def _times(told: SideSegment | SideWord) -> tuple[float, float] | None:
    return None if told.start is None or told.end is None else (told.start, told.end)
