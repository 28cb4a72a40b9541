"""Decoding: ours against a bare PyAV decode of the same clips, and how often a clip is opened.

Usage: python benchmarks/decoding.py CLIPS

CPU seconds of this process for all clips of the set, one thread each, the best of seven rounds in
which both sides take turns. `ours` is the decoder of the `mesh` chain without anybody listening
(`pipeline.media.stream`): sandboxed opening, clock, damage, orientation, RGB, sound, and keeping
frames for the stills. `bare` is a loop over `container.decode` (`benchmarks/bare_decode.py`).
The counts are of a build in one process: how often the jobs of a clip opened its file, and how
many pictures came out of the decoder for how many frames of clips.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from table import Figure, print_table

from pipeline.pool import _SINGLE_THREAD

ROUNDS = 7


def main(clips: Path) -> None:
    from bare_decode import cpu_s, decode_all, decode_pictures
    from one_process import InProcess, build_in_process

    from pipeline.media import KeptFrames, stream

    counted = _counted()
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        pool = InProcess(before=counted.start)
        chain = build_in_process((str(clips),), Path(scratch) / "work", pool)
        (shard,) = chain.shards()
        jobs = [(Path(chain.catalog.videos[c.video_id].location), c) for c in chain.clips(shard)]
        frames = sum(row.frames for row in chain.rows("look", shard).values())
    opened = {job: counted.opened[job] for job in ("measure", "stills")}
    pictures = counted.pictures

    def ours(want_audio: bool) -> None:
        for path, clip in jobs:
            stream(path, clip, [], want_audio=want_audio and clip.has_audio, keep=KeptFrames())

    sides = {
        "bare, pictures": lambda: [decode_pictures(path) for path, _ in jobs],
        "ours, pictures": lambda: ours(False),
        "bare, with sound": lambda: [decode_all(path) for path, _ in jobs],
        "ours, with sound": lambda: ours(True),
    }
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(ROUNDS):
        for name, side in sides.items():
            best[name] = min(best[name], cpu_s(side))
    ratios = [best[f"ours, {kind}"] / best[f"bare, {kind}"] for kind in ("pictures", "with sound")]
    print_table(
        [
            *(Figure(f"{name}, {frames} frames", f"{s:.2f} CPU s") for name, s in best.items()),
            Figure("ours / bare, pictures", f"{ratios[0]:.2f}", "at most 1.2"),
            Figure("ours / bare, with sound", f"{ratios[1]:.2f}", "at most 1.2"),
            Figure(
                "files opened for measures and stills, per clip",
                f"{sum(opened.values()) / len(jobs):g} ({opened['measure']} + {opened['stills']} "
                f"for {len(jobs)} clips)",
                "1",
            ),
            Figure("pictures decoded in `measure` / frames of the clips",
                   f"{pictures} / {frames}", "equal"),
        ]
    )  # fmt: skip


class _Counted:
    """How often each job opens a file, and how many pictures its decoder gives."""

    def __init__(self) -> None:
        self.job = ""
        self.opened: Counter[str] = Counter()
        self.pictures = 0

    def start(self, job: str) -> None:
        self.job = job


def _counted() -> _Counted:
    from pipeline import container, decode

    counted, modules = _Counted(), (container, decode)
    opener: Any = modules[0]
    decoder: Any = modules[1]
    open_container, decoded = opener._open_container, decoder._decoded

    def counting_open(*args: Any) -> Any:
        counted.opened[counted.job] += 1
        return open_container(*args)

    def counting_decode(stream: Any, packet: Any) -> Any:
        frames = decoded(stream, packet)
        if counted.job == "measure" and stream.type == "video":
            counted.pictures += len(frames or ())
        return frames

    opener._open_container, decoder._decoded = counting_open, counting_decode
    return counted


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/decoding.py CLIPS")
    os.environ.update(_SINGLE_THREAD)
    main(Path(sys.argv[1]))
