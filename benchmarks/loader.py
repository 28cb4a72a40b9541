"""Usage: python benchmarks/loader.py [--clips 10000] [--reads 2000]

How fast samples are read in random order: words and three vectors of 1,024, from a release made
ready once, against the original's way (first_face.py): look whether the film exists, open it,
decode its first frame, squash it to 448 px and normalise it, load three .npy, scan a table of
transcripts.

Both sides read the same synthetic clips in this run. The films are copies of one small film; real
ones are larger, on slower disks. *hot*: everything was read just before. *cold*: the pages of all
files are dropped by posix_fadvise first; names and inodes stay known, so a disk that was never
asked is slower still. The original's picture goes on to EVA, ours stands in the release as
features, made once: that is the point. A GPU at 45 % of its rate wants 34 to 75 samples a second.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from synthetic_release import SLOTS, WIDTH, clip_name, sentence, write_release
from table import Figure, print_table

from trainer.data import load

GPU_NEEDS = 75  # samples a second: the ceiling at 400 tokens and 790 TFLOP/s
SIDE = 448  # EVA's, in pixels
MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
STD = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)


@dataclass(frozen=True)
class Original:
    """Files as the original wants them."""

    folder: Path
    transcripts: pd.DataFrame

    def read(self, number: int) -> tuple[str, NDArray[np.float32], list[NDArray[np.float32]]]:
        name = clip_name(number)
        film = self.folder / f"{name}.mp4"
        if not os.path.exists(film):  # noqa: PTH110  as the original does it
            film = film.with_suffix(".avi")
        capture = cv2.VideoCapture(str(film))
        picture = capture.read()[1][:, :, ::-1]
        capture.release()
        picture = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        pixels = (np.asarray(picture, np.float32) / 255 - MEAN) / STD
        vectors = [np.load(self.folder / slot / f"{name}.npy") for slot in SLOTS]
        text = self.transcripts[self.transcripts["name"] == name]["sentence"].iloc[0]
        return str(text), pixels.transpose(2, 0, 1), vectors


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--reads", type=int, default=2_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print_table(measure(Path(name), wanted.clips, wanted.reads))


def measure(folder: Path, clips: int, reads: int) -> list[Figure]:
    random = np.random.default_rng(7)
    vectors = {s: random.standard_normal((clips, WIDTH)).astype(np.float16) for s in SLOTS}
    original = lay_original(folder / "original", clips, vectors)
    release = write_release(folder / "synthetic" / "0.1.0", clips, vectors)
    start = time.perf_counter()
    load(release, cache=folder / "cache")
    made_s = time.perf_counter() - start
    order = random.integers(0, clips, reads).tolist()
    rates = {}
    for state in ("cold", "hot"):
        if state == "cold":
            forget((folder / "original").rglob("*"))
            forget((folder / "cache").rglob("*"))
        theirs = rate(original.read, order[: max(reads // 10, 1)])
        samples = load(release, cache=folder / "cache")
        samples.column("clip_id")  # opened, as at the start of a run
        rates[state] = (theirs, rate(samples.__getitem__, order))
        for number in order:  # read, so that the next round is hot
            samples.features(number)
        for number in order[: max(reads // 10, 1)]:
            original.read(number)
    return [*_figures(rates, clips), Figure(f"{clips:,} clips made ready, once", f"{made_s:.1f} s")]


def _figures(rates: dict[str, tuple[float, float]], clips: int) -> list[Figure]:
    lines = []
    for state, (theirs, ours) in rates.items():
        lines += [
            Figure(f"the original's way, {clips:,} clips, {state}", f"{theirs:,.0f} samples/s"),
            Figure(f"a release made ready, {clips:,} clips, {state}", f"{ours:,.0f} samples/s"),
            Figure(f"ratio, {state}", f"{ours / theirs:,.0f}x", "at least 50x"),
            Figure(
                f"against what a GPU at its ceiling reads ({GPU_NEEDS}/s), {state}",
                f"{ours / GPU_NEEDS:,.0f}x",
                "at least 20x",
            ),
        ]
    return lines


def lay_original(folder: Path, clips: int, vectors: dict[str, NDArray[np.float16]]) -> Original:
    folder.mkdir(parents=True)
    film = folder / "film.mp4"
    write_film(film)
    for slot in SLOTS:
        (folder / slot).mkdir()
    for number in range(clips):
        shutil.copyfile(film, folder / f"{clip_name(number)}.mp4")
        for slot in SLOTS:
            values = vectors[slot][number].astype(np.float32)
            np.save(folder / slot / f"{clip_name(number)}.npy", values)
    table = pd.DataFrame(
        {
            "name": [clip_name(n) for n in range(clips)],
            "sentence": [sentence(n) for n in range(clips)],
        }
    )
    return Original(folder, table)


def write_film(path: Path, seconds: int = 3, width: int = 640, height: int = 360) -> None:
    """A small film as television is cut: 25 frames a second, H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        ramp = np.linspace(0, 255, width, dtype=np.uint8)
        for number in range(seconds * 25):
            picture = np.broadcast_to(np.roll(ramp, 4 * number)[None, :, None], (height, width, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def rate(read: Callable[[int], object], order: list[int]) -> float:
    start = time.perf_counter()
    for number in order:
        read(number)
    return len(order) / (time.perf_counter() - start)


def forget(paths: Iterable[Path]) -> None:
    """Drop the pages of files that nobody maps."""
    for path in paths:
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


if __name__ == "__main__":
    main()
