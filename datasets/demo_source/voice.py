"""The voices: espeak-ng says a sentence, and what it said is measured."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # mono, -1..1

RATE_HZ: Final = 24_000
ROOM_TONE: Final = 3e-4  # a recording is never quite silent
FRAME_S: Final = 0.01  # step at which loudness is measured
AUDIBLE: Final = 0.05  # of the loudest step; quieter is no speech


@dataclass(frozen=True)
class Line:
    """What is said and how; the numbers are espeak-ng's own (-v -s -p -a)."""

    words: str
    start_s: float  # when the sound begins in the clip
    voice: str
    words_per_minute: int
    pitch: int  # 0-99
    amplitude: int  # 0-200


def require_espeak() -> None:
    """Stops the script if espeak-ng is absent."""
    if shutil.which("espeak-ng") is None:
        raise SystemExit(
            "espeak-ng is not on PATH; it is needed only to remake these clips: "
            "install it (Debian and Ubuntu: apt-get install espeak-ng) and run this again"
        )


def speak(line: Line, seconds: float) -> Samples:
    """The sound of a whole clip. Stops the script if the words take too long."""
    speech = _synthesised(line)
    samples = np.random.default_rng(0).normal(0, ROOM_TONE, round(seconds * RATE_HZ))
    first = round(line.start_s * RATE_HZ)
    if first + len(speech) > len(samples):
        raise SystemExit(
            f"{line.words!r} takes {len(speech) / RATE_HZ:.2f} s from {line.start_s} s on, "
            f"the clip is only {seconds} s long; shorten the words or speak faster"
        )
    samples[first : first + len(speech)] += speech
    return np.clip(samples, -1, 1).astype(np.float32)


def loudness(samples: Samples) -> NDArray[np.float64]:
    """Root mean square of each 10 ms."""
    size = round(FRAME_S * RATE_HZ)
    steps = samples[: len(samples) // size * size].reshape(-1, size)
    return np.sqrt((steps.astype(np.float64) ** 2).mean(axis=1))


def spoken_span(samples: Samples) -> tuple[float, float]:
    """Start and end of what can be heard, in seconds."""
    level = loudness(samples)
    audible = np.flatnonzero(level > AUDIBLE * level.max())
    return float(audible[0] * FRAME_S), float((audible[-1] + 1) * FRAME_S)


def subtitle(line: Line, samples: Samples) -> str:
    """One SubRip cue."""
    start, end = (_stamp(t) for t in spoken_span(samples))
    return f"1\n{start} --> {end}\n{line.words}\n"


def _stamp(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{milliseconds:03}"


def _synthesised(line: Line) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        how = ["-v", line.voice, "-s", line.words_per_minute, "-p", line.pitch]
        how += ["-a", line.amplitude, "-w", path]
        subprocess.run(["espeak-ng", *map(str, how), "--", line.words], check=True)
        return _read(path)


def _read(path: Path) -> Samples:
    """The sound of a file at 24 kHz, without the silence around it."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    start, end = (round(t * RATE_HZ) for t in spoken_span(samples))
    return samples[start:end]
