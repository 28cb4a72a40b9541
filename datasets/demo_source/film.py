"""Writing the clips: H.264 and AAC in mp4, the same bytes for the same input."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
from av.container import OutputContainer
from photo import HEIGHT, WIDTH, Picture
from voice import RATE_HZ, Samples

FPS: Final = 25
JPEG_QUALITY: Final = 88
AUDIO_BITS_PER_S: Final = 48_000
# One thread and no version texts, so that the bytes depend on the libraries alone.
X264: Final = {"crf": "23", "preset": "slow", "threads": "1", "x264-params": "threads=1"}
CONTAINER: Final = {"movflags": "+faststart", "fflags": "+bitexact"}


def write_film(path: Path, pictures: Iterable[Picture], samples: Samples | None) -> None:
    """25 pictures a second; no sound track if there are no samples."""
    with av.open(str(path), "w", options=CONTAINER) as container:
        video = container.add_stream("libx264", rate=FPS, options=X264)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.flags |= av.codec.context.Flags.bitexact
        sound = None
        if samples is not None:
            sound = container.add_stream("aac", rate=RATE_HZ, layout="mono")
            sound.bit_rate = AUDIO_BITS_PER_S
            sound.codec_context.flags |= av.codec.context.Flags.bitexact
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None:
            _write_sound(container, sound, samples)


def write_still(path: Path, picture: Picture) -> None:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise SystemExit(f"{path} could not be encoded")
    path.write_bytes(jpeg.tobytes())


def _write_sound(container: OutputContainer, sound: av.AudioStream, samples: Samples) -> None:
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    container.mux(sound.encode(frame))
    container.mux(sound.encode())
