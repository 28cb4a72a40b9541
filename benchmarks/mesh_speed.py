"""The mesh engine alone: frames per CPU second at 640x360, models and our work on top of them.

Usage: python benchmarks/mesh_speed.py CLIPS

Every clip of 640x360 is decoded beforehand; then `annotators.face.FaceListener` hears its frames
and makes its row. CPU seconds of this process, one thread, the best of five rounds after one that
warms up.
"""

import os
import sys
import time
from pathlib import Path

from table import Figure, print_table

from pipeline.pool import _SINGLE_THREAD

SIZE = (640, 360)
ROUNDS = 5
SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi")


def main(clips: Path) -> None:
    import av
    import numpy as np

    from annotators.base import FrameBatch
    from annotators.face import FaceListener
    from annotators.models.mesh import load_mesh_models

    models = load_mesh_models()
    batches: dict[str, list[FrameBatch]] = {}
    for path in sorted(p for p in clips.iterdir() if p.suffix in SUFFIXES):
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            if (context.width, context.height) != SIZE:
                continue
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        batches[path.name] = [
            FrameBatch(i, np.array([i / 25]), frame[None]) for i, frame in enumerate(frames)
        ]
    best = dict.fromkeys(batches, float("inf"))
    faces = dict.fromkeys(batches, 0)
    for turn in range(ROUNDS + 1):
        for name, heard in batches.items():
            start = time.process_time()
            listener = FaceListener(name, models)
            for batch in heard:
                listener.feed(batch)
            faces[name] = sum(listener.finish().success)
            if turn:
                best[name] = min(best[name], time.process_time() - start)
    count = sum(map(len, batches.values()))
    slowest = min(batches, key=lambda name: len(batches[name]) / best[name])
    fastest = max(batches, key=lambda name: len(batches[name]) / best[name])
    print_table(
        [
            Figure(
                f"frames per CPU second, {len(batches)} clips, {count} frames, "
                f"{sum(faces.values())} with a face",
                f"{count / sum(best.values()):.0f}",
                "300",
            ),
            *(
                Figure(f"{what} clip, {name}", f"{len(batches[name]) / best[name]:.0f}")
                for what, name in (("slowest", slowest), ("fastest", fastest))
            ),
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/mesh_speed.py CLIPS")
    os.environ.update(_SINGLE_THREAD)
    main(Path(sys.argv[1]))
