"""The least that decoding costs: PyAV alone, one thread, pictures to RGB, sound to 16 kHz."""

import time
from collections.abc import Callable
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.video.reformatter import VideoReformatter


def decode_pictures(path: Path) -> int:
    """Every picture as an array [H, W, 3]; how many there were."""
    reformatter, frames = VideoReformatter(), 0
    with av.open(str(path), options={"threads": "1"}) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0):
            reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
            frames += 1
    return frames


def decode_all(path: Path) -> int:
    """Pictures and sound in one pass."""
    with av.open(str(path), options={"threads": "1"}) as container:
        has_sound = bool(container.streams.audio)
    if not has_sound:
        return decode_pictures(path)
    reformatter, frames = VideoReformatter(), 0
    resampler = AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(path), options={"threads": "1"}) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
                frames += 1
            else:
                for chunk in resampler.resample(frame):
                    chunk.to_ndarray()
    return frames


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
