"""WhisperX (BSD-2) in its own environment: the file that `side_worker.py` loads there.

Needs the standard library and what that environment holds; nothing of merr. Written for whisperx
3.8.6. Asked for one sound, it answers

    ask     {"samples": base64 of float32, little-endian, 16 kHz, "voiced": [[start_s, end_s], ...]}
    answer  {"language": "en", "segments": [SEGMENT, ...], "english": [SEGMENT, ...] | null}
    SEGMENT {"text", "start", "end", "logprob", "words": [WORD, ...] | null}; null: not aligned
    WORD    {"text", "start", "end", "probability", "speaker"}; each of the last four may be null

Times are seconds from the start of the sound.
"""

import base64
import hashlib
import math
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

Json = dict[str, Any]

WINDOW_S = 30.0  # the model hears no more at once, and would drop the rest
_DECIDING = (
    "model.bin", "config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.json",
    "vocabulary.txt",
)  # fmt: skip


class SetupFault(Exception):  # noqa: N818  what the worker loop looks at is `kind`
    kind = "setup"


def load(options: Json) -> tuple[dict[str, str], Callable[[Json], Json]]:
    """Every model that the options want; one that is not there is a SetupFault."""
    folder = _whisper_folder(options)
    engine = _Engine(options, folder)
    versions = {name: version(name) for name in ("whisperx", "faster-whisper", "ctranslate2")}
    return versions | {"weights": _digest(folder)}, engine.answer


class _Engine:
    def __init__(self, options: Json, folder: Path) -> None:
        import whisperx
        from whisperx.vads import Vad

        class GivenVoice(Vad):  # type: ignore[misc]
            """The spans that merr found, in the place of a detector."""

            spans: list[Any] = []  # noqa: RUF012  set before every sound

            def __call__(self, audio: Any, **more: Any) -> list[Any]:
                return self.spans

        self._options = options
        self._vad = GivenVoice(0.5)
        english_only = str(options["model"]).endswith(".en")
        self._language = "en" if english_only else options["language"]
        try:
            self._model = whisperx.load_model(
                str(folder),
                options["device"],
                compute_type=options["compute_type"],
                asr_options={"beam_size": options["beam_size"]},
                language=self._language,
                vad_model=self._vad,
                local_files_only=True,
                threads=1,
            )
        except (RuntimeError, ValueError, OSError) as e:
            raise SetupFault(f"model {options['model']} does not load: {e}") from e
        self._align = {language: self._load_align(language) for language in options["align"]}
        self._speakers = self._load_speakers() if options["speakers"] else None

    def _load_align(self, language: str) -> tuple[Any, Any]:
        import nltk
        import whisperx

        try:
            nltk.data.find("tokenizers/punkt_tab/english/")
        except LookupError as e:
            raise SetupFault(
                "nltk's punkt_tab, which parts text into sentences, is not there; run "
                "`merr engines install whisperx` where there is a network"
            ) from e
        try:
            model, metadata = whisperx.load_align_model(
                language,
                self._options["device"],
                model_name=self._options["align_model"],
                model_cache_only=self._options["offline"],
            )
        except (ValueError, OSError) as e:
            raise SetupFault(
                f"no model to align the words of language {language} is there ({e}); take it out "
                "of speech.whisperx.align, or run `merr engines install whisperx` where there is "
                "a network"
            ) from e
        return model, metadata

    def _load_speakers(self) -> Any:
        from whisperx.diarize import DiarizationPipeline

        try:
            return DiarizationPipeline(
                model_name=self._options["speaker_model"], device=self._options["device"]
            )
        except (OSError, ValueError, RuntimeError, AttributeError) as e:  # the last: it gave None
            raise SetupFault(
                f"the model that tells speakers is not there ({e}); its terms must be accepted on "
                "the hub and `hf auth login` run, then `merr engines install whisperx`"
            ) from e

    def answer(self, ask: Json) -> Json:
        import numpy as np

        samples = np.frombuffer(base64.b64decode(ask["samples"]), "<f4").astype(np.float32)
        self._vad.spans = _windows(ask["voiced"])
        if not self._vad.spans:
            return {"language": None, "segments": [], "english": None}
        heard = self._transcribe(samples, self._language, "transcribe")
        language = heard["language"]
        english = None
        if self._options["translate"] and language != "en":
            translated = self._transcribe(samples, language, "translate")
            english = [_segment(s, aligned=False) for s in translated["segments"]]
        segments, aligned = self._timed(heard["segments"], language, samples)
        return {
            "language": language,
            "segments": [_segment(s, aligned=aligned) for s in segments],
            "english": english,
        }

    def _transcribe(self, samples: Any, language: str | None, task: str) -> Any:
        return self._model.transcribe(
            samples, batch_size=self._options["batch_size"], language=language, task=task
        )

    def _timed(self, segments: list[Json], language: str, samples: Any) -> tuple[list[Json], bool]:
        """The segments with words and speakers, where there is a model for their language."""
        import whisperx

        if not segments or language not in self._align:
            return segments, False
        model, metadata = self._align[language]
        # "nearest": with "ignore" sentences without any time would be lost with their words. The
        # times that it makes up are taken away again in `_word`.
        result = whisperx.align(
            segments,
            model,
            metadata,
            samples,
            self._options["device"],
            interpolate_method="nearest",
            return_char_alignments=False,
        )
        if _letters(result["segments"]) != _letters(segments):
            return segments, False
        if self._speakers is not None:
            result = whisperx.assign_word_speakers(self._speakers(samples), result)
        return list(result["segments"]), True


def _windows(voiced: list[list[float]]) -> list[Any]:
    """Spans of at most one window, as WhisperX takes them."""
    from whisperx.diarize import Segment

    spans = []
    for start_s, end_s in voiced:
        parts = max(1, math.ceil((end_s - start_s) / WINDOW_S))
        edges = [start_s + (end_s - start_s) * i / parts for i in range(parts + 1)]
        spans += [Segment(a, b, "UNKNOWN") for a, b in pairwise(edges)]
    return spans


def _letters(segments: list[Json]) -> str:
    return "".join("".join(segment["text"].split()) for segment in segments)


def _segment(segment: Json, *, aligned: bool) -> Json:
    return {
        "text": segment["text"],
        "start": _number(segment.get("start")),
        "end": _number(segment.get("end")),
        "logprob": _number(segment.get("avg_logprob")),
        "words": [_word(word) for word in segment["words"]] if aligned else None,
    }


def _word(word: Json) -> Json:
    """A time without a score was not measured but taken from the neighbours: it is left out."""
    score = _number(word.get("score"))
    return {
        "text": word["word"],
        "start": None if score is None else _number(word.get("start")),
        "end": None if score is None else _number(word.get("end")),
        "probability": score,
        "speaker": None if score is None else word.get("speaker"),
    }


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _whisper_folder(options: Json) -> Path:
    folder = Path(options["model"]).expanduser()
    if folder.is_dir():
        return folder
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(options["model"], local_files_only=options["offline"]))
    except (OSError, ValueError) as e:
        raise SetupFault(
            f"model {options['model']} is not in the cache of the hub; run "
            "`merr engines install whisperx` where there is a network"
        ) from e


def _digest(folder: Path) -> str:
    """As merr itself digests a Whisper model (whisper_files.py)."""
    whole = hashlib.sha256()
    for file in _DECIDING:
        if (folder / file).is_file():
            with (folder / file).open("rb") as stream:
                whole.update(f"{file}\n".encode() + hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
