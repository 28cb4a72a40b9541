"""A plain environment with a package `whisperx` that has the API of whisperx 3.8.6, by its source.

It hears a fixed sentence in every window of voice, aligns letters and leaves digits without a
score, as the real one does; it runs neither torch nor a model. Behaviour is chosen by the name of
the model: "hangs", "dies" and "scrambles" (aligned text that is not the text).
"""

import sys
import venv
from pathlib import Path

import numpy as np

INIT = """
import importlib


def _lazy_import(name):
    return importlib.import_module(f"whisperx.{name}")


def load_align_model(*args, **kwargs):
    return _lazy_import("alignment").load_align_model(*args, **kwargs)


def align(*args, **kwargs):
    return _lazy_import("alignment").align(*args, **kwargs)


def load_model(*args, **kwargs):
    return _lazy_import("asr").load_model(*args, **kwargs)


def assign_word_speakers(*args, **kwargs):
    return _lazy_import("diarize").assign_word_speakers(*args, **kwargs)
"""

ASR = """
import os
import time
from pathlib import Path

from whisperx.vads import Vad

SAMPLE_RATE = 16000


class FasterWhisperPipeline:
    def __init__(self, model, vad, vad_params, language, beams):
        self.model, self.vad_model, self._vad_params = model, vad, vad_params
        self.language, self.beams = language, beams

    def transcribe(self, audio, batch_size=None, num_workers=0, language=None, task=None,
                   chunk_size=30, print_progress=False, combined_progress=False, verbose=False,
                   progress_callback=None):
        print("Detected language: whatever")
        if self.model == "hangs":
            time.sleep(1000)
        if self.model == "dies":
            os._exit(9)
        assert issubclass(type(self.vad_model), Vad)
        waveform = self.vad_model.preprocess_audio(audio)
        spans = self.vad_model({"waveform": waveform, "sample_rate": SAMPLE_RATE})
        spans = self.vad_model.merge_chunks(
            spans, chunk_size, onset=self._vad_params["vad_onset"],
            offset=self._vad_params["vad_offset"])
        language = language or "en"
        said = {"transcribe": " Number 2 Hello there.", "translate": " In English."}[task]
        segments = []
        for span in spans:
            assert span["end"] - span["start"] <= 30.001
            assert len(audio[int(span["start"] * SAMPLE_RATE):int(span["end"] * SAMPLE_RATE)])
            segments.append({"text": said, "start": round(span["start"], 3),
                             "end": round(span["end"], 3), "avg_logprob": -0.25})
        return {"segments": segments, "language": language}


def load_model(whisper_arch, device, device_index=0, compute_type="default", asr_options=None,
               language=None, vad_model=None, vad_method="pyannote", vad_options=None, model=None,
               task="transcribe", download_root=None, local_files_only=False, threads=4,
               use_auth_token=None):
    if device != "cpu":
        raise RuntimeError("CUDA driver version is insufficient for CUDA runtime version")
    assert os.path.isdir(whisper_arch), "would be fetched"
    if (Path(whisper_arch) / "model.bin").read_bytes() == b"broken":
        raise RuntimeError("Unsupported model binary version")
    vad_params = {"chunk_size": 30, "vad_onset": 0.500, "vad_offset": 0.363}
    print("Use manually assigned vad_model. vad_method is ignored.")
    return FasterWhisperPipeline(Path(whisper_arch).name, vad_model, vad_params, language,
                                 asr_options["beam_size"])
"""

VADS = """
class Vad:
    def __init__(self, vad_onset):
        if not (0 < vad_onset < 1):
            raise ValueError("vad_onset is a decimal value between 0 and 1.")

    @staticmethod
    def preprocess_audio(audio):
        pass

    @staticmethod
    def merge_chunks(segments, chunk_size, onset, offset):
        curr_end = 0
        merged, idxs = [], []
        curr_start = segments[0].start
        for seg in segments:
            if seg.end - curr_start > chunk_size and curr_end - curr_start > 0:
                merged.append({"start": curr_start, "end": curr_end, "segments": idxs})
                curr_start, idxs = seg.start, []
            curr_end = seg.end
            idxs.append((seg.start, seg.end))
            seg.speaker
        merged.append({"start": curr_start, "end": curr_end, "segments": idxs})
        return merged
"""

ALIGNMENT = """
import numpy as np


def load_align_model(language_code, device, model_name=None, model_dir=None,
                     model_cache_only=False):
    if model_name is None and language_code not in ("en", "de"):
        raise ValueError(f"No default align-model for language: {language_code}")
    return object(), {"language": language_code, "dictionary": {}, "type": "torchaudio"}


def align(transcript, model, align_model_metadata, audio, device, interpolate_method="nearest",
          return_char_alignments=False, print_progress=False, combined_progress=False,
          progress_callback=None):
    assert interpolate_method == "nearest"
    aligned = []
    for segment in transcript:
        words = segment["text"].split()
        step = (segment["end"] - segment["start"]) / len(words)
        timed, last = [], None
        for number, word in enumerate(words):
            start = np.float64(round(segment["start"] + number * step, 3))
            entry = {"word": word, "start": start, "end": start + round(step / 2, 3)}
            if word[0].isalpha():
                entry["score"] = 0.75
            timed.append(entry)
        text = segment["text"].strip()
        if model_is_lost(segment):
            text = text[3:]
        aligned.append({"start": segment["start"], "end": segment["end"], "text": text,
                        "words": timed, "avg_logprob": segment["avg_logprob"]})
    return {"segments": aligned, "word_segments": [w for s in aligned for w in s["words"]]}


def model_is_lost(segment):
    return segment["end"] - segment["start"] < 0.25
"""

DIARIZE = """
class Segment:
    def __init__(self, start, end, speaker=None):
        self.start, self.end, self.speaker = start, end, speaker


class DiarizationPipeline:
    def __init__(self, model_name=None, token=None, device="cpu", cache_dir=None):
        if model_name == "gated":
            raise OSError("401: you must accept the terms")

    def __call__(self, audio, num_speakers=None, min_speakers=None, max_speakers=None,
                 return_embeddings=False, progress_callback=None):
        assert audio[None, :].ndim == 2
        half = len(audio) / 16000 / 2
        return [(0.0, half, "SPEAKER_00"), (half, 2 * half, "SPEAKER_01")]


def assign_word_speakers(diarize_df, transcript_result, speaker_embeddings=None,
                         fill_nearest=False):
    for segment in transcript_result["segments"]:
        for word in segment["words"]:
            if "start" in word:
                for start, end, speaker in diarize_df:
                    if start <= word["start"] < end:
                        word["speaker"] = speaker
    return transcript_result
"""

NLTK = """
import sys
from pathlib import Path


class data:
    @staticmethod
    def find(resource):
        path = Path(sys.prefix) / "nltk_data" / resource
        if not path.exists():
            raise LookupError(f"Resource {resource} not found")
        return path
"""

DOWNLOADER = """
import sys
from pathlib import Path

_, option, folder, package = sys.argv
assert (option, package) == ("-d", "punkt_tab")
if (Path(sys.prefix) / "no_network").exists():
    sys.exit("Error loading punkt_tab: <urlopen error [Errno 111] Connection refused>")
(Path(folder) / "tokenizers" / package / "english").mkdir(parents=True)
"""

FASTER = """
def download_model(size_or_id, output_dir=None, local_files_only=False, cache_dir=None,
                   revision=None, use_auth_token=None):
    assert local_files_only
    raise OSError(f"{size_or_id} is not on disk and local_files_only is set")
"""

PACKAGES = {
    "whisperx/__init__.py": INIT,
    "whisperx/asr.py": ASR,
    "whisperx/vads/__init__.py": VADS,
    "whisperx/alignment.py": ALIGNMENT,
    "whisperx/diarize.py": DIARIZE,
    "nltk/__init__.py": NLTK,
    "nltk/downloader.py": DOWNLOADER,
    "faster_whisper/__init__.py": "",
    "faster_whisper/utils.py": FASTER,
}
VERSIONS = {"whisperx": "3.8.6", "faster-whisper": "1.2.1", "ctranslate2": "4.8.5"}


def make_environment(home: Path, *, whisperx: str = "3.8.6", punkt: bool = True) -> Path:
    """Its Python. numpy is that of the tests."""
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = (home / "lib").glob("python*/site-packages")
    for name, text in PACKAGES.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text, "utf-8")
    for name, version in (VERSIONS | {"whisperx": whisperx}).items():
        folder = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8"
        )
    if punkt:
        (home / "nltk_data/tokenizers/punkt_tab/english").mkdir(parents=True)
    for folder in {Path(np.__file__).parent, Path(np.__file__).parent.parent / "numpy.libs"}:
        if folder.exists():
            (packages / folder.name).symlink_to(folder)
    return home / "bin" / Path(sys.executable).name


def make_model(folder: Path, *, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_bytes(weights if name == "model.bin" else b"{}")
    return folder
