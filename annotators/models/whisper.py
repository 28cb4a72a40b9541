"""Words heard by Whisper in this process: faster-whisper (MIT) on CTranslate2 (MIT)."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotators.hearing import Ear, Heard, HeardSegment, HeardWord
from annotators.models.whisper_files import INSTALL_COMMAND, find_whisper
from annotators.whisper_settings import FasterWhisperSettings
from schemas.errors import AnnotationError, SetupError, TransientError
from schemas.speech import Span

ENGINE: Final = "faster-whisper"
VERSION: Final = "1"

# One thread: workers share the CPUs, and sums do not depend on how they are split.
_THREADS: Final = 1

# One temperature and no rule of Whisper's own: its retries draw from a generator that cannot be
# set back for every clip, and what it leaves out nobody could see. The rules are in `doubt`.
_OPTIONS: Final[dict[str, Any]] = {
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "compression_ratio_threshold": None,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
}


@cache
def load_whisper(settings: FasterWhisperSettings) -> Ear:
    """Once in a process. SetupError: no package, no model, no such device or number type."""
    files = find_whisper(settings.model)
    try:
        from faster_whisper import BatchedInferencePipeline, WhisperModel
    except ImportError as e:
        raise SetupError(f"faster-whisper is not installed; run `{INSTALL_COMMAND}`") from e
    try:
        model = WhisperModel(
            str(files.folder),
            device=settings.device,
            compute_type=settings.compute_type,
            cpu_threads=_THREADS,
            local_files_only=True,
        )
    except (RuntimeError, ValueError) as e:
        raise SetupError(f"faster-whisper: model {files.name} does not load: {_line(e)}") from e
    options = {"beam_size": settings.beam_size, "vad_filter": settings.vad_filter, **_OPTIONS}
    if settings.batch_size > 1:
        model = BatchedInferencePipeline(model)
        options["batch_size"] = settings.batch_size

    def listen(samples: NDArray[np.float32], voiced: tuple[Span, ...]) -> Heard:
        try:
            return _heard(model, samples, settings, options)
        except RuntimeError as e:
            if "out of memory" in str(e):
                raise TransientError(f"faster-whisper: {_line(e)}") from e
            raise AnnotationError(f"faster-whisper: {_line(e)}") from e
        except ValueError as e:  # a language that it does not know
            raise SetupError(f"faster-whisper: {_line(e)}") from e

    return Ear(engine=ENGINE, version=VERSION, model=files.text, listen=listen)


def _heard(
    model: Any, samples: NDArray[np.float32], settings: FasterWhisperSettings, options: Any
) -> Heard:
    segments, info = model.transcribe(
        samples, language=settings.language, word_timestamps=True, **options
    )
    told = settings.language is None and info.all_language_probs is not None
    english = None
    heard = tuple(map(_segment, segments))
    if settings.translate and heard and info.language != "en":
        translated, _ = model.transcribe(
            samples, language=info.language, task="translate", **options
        )
        english = tuple(map(_segment, translated))
    return Heard(
        segments=heard,
        language=info.language,
        language_probability=float(info.language_probability) if told else None,
        english=english,
    )


def _segment(segment: Any) -> HeardSegment:
    words: Iterable[Any] | None = segment.words
    return HeardSegment(
        text=segment.text,
        times=(float(segment.start), float(segment.end)),
        words=None if words is None else tuple(map(_word, words)),
        logprob=float(segment.avg_logprob),
        no_speech=float(segment.no_speech_prob),
    )


def _word(word: Any) -> HeardWord:
    return HeardWord(word.word, (float(word.start), float(word.end)), float(word.probability))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
