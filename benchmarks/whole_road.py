"""What a clip costs from the film to the fine sample; OpenFace and the chat server are stand-ins.

Usage: python benchmarks/whole_road.py CLIPS

The 16 and 64 clips of `chat_road.py` (1.8 s of 640x360 at 24 frames a second), and nothing done
before: `merr build` decodes them, measures light, motion, voice and pitch, encodes sound and
pictures, runs OpenFace's wrapper (every frame written without loss, a process started and watched,
its table of 43 rows and 433 columns read and checked, other faces looked for by the mesh on every
tenth frame), asks four times, 50 ms each, at most four at once, and writes all parts. Marginal
cost of a clip: the slope between 16 and 64 clips, the best of two rounds of each; start-up is no
part of it. CPU seconds are of all processes of the command: the stand-in for OpenFace, a Python
script of the tests, is one of them and is timed apart, the server is none. MER-Factory's figures
are for clips of 4.8 s on average, of which it decodes the sound and one frame; its stand-in for
OpenFace read none. It looks for no voice and measures no light and no pitch.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from chat_road import (
    AT_ONCE,
    FEW,
    LATENCY_MS,
    MANY,
    SPAN_S,
    build,
    chosen,
    make_clips,
    server,
    slope,
)
from command import Ran, merr
from table import Figure, print_table

sys.path.insert(0, str(Path(__file__).parent.parent))  # the stand-in is part of the tests
from tests.openface import installs

ROUNDS = 2
RUNS = 10  # of the stand-in alone


def main(clips: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        root = Path(scratch)
        os.environ["OPENFACE_HOME"] = str(install(root / "openface"))
        for count in (FEW, MANY):
            make_clips(clips, root / f"films{count}", count)
        ran = [one_round(root, number) for number in range(ROUNDS)]
        own_cpu_s = stand_in_cpu_s(root)
    few, many = zip(*ran, strict=True)
    wall_s = slope([one.wall_s for one in few], [one.wall_s for one in many])
    cpu_s = slope([one.cpu_s for one in few], [one.cpu_s for one in many])
    print_table(
        [
            Figure(f"a clip of {SPAN_S} s, wall", f"{wall_s:.3f} s", "at most 0.12 s"),
            Figure("a clip, CPU of all processes", f"{cpu_s:.3f} CPU s", "at most 0.15 CPU s"),
            Figure("of it the stand-in for OpenFace", f"{own_cpu_s:.3f} CPU s"),
            Figure("MER-Factory, a clip", "0.37-0.50 s, 0.48-0.58 CPU s"),
            Figure("answers alone: calls x latency / at once", f"{4 * LATENCY_MS / AT_ONCE} ms"),
        ]
    )


def one_round(root: Path, number: int) -> tuple[Ran, Ran]:
    ran = []
    for count in (FEW, MANY):
        with server() as (url, _):
            done = merr(
                *build(root, count, root / f"work{count}-{number}"),
                *chosen(url),
                *("--set", "face.engine=openface", "--jobs", str(os.cpu_count())),
            )
        if done.code:
            raise SystemExit(done.said)
        print(f"{count} clips: {done.wall_s:.1f} s, {done.cpu_s:.1f} CPU s", file=sys.stderr)
        ran.append(done)
    return ran[0], ran[1]


def install(folder: Path) -> Path:
    """An OpenFace that the stand-in plays."""
    return installs.install(folder, act="good").parent


def stand_in_cpu_s(root: Path) -> float:
    """Of one run on frames like those of a clip."""
    import numpy as np

    from annotators.models.frame_file import FrameFile

    with FrameFile(root / "frames.avi") as file:
        for _ in range(round(SPAN_S * 24)):
            file.add(np.zeros((36, 64, 3), np.uint8))
    home = Path(os.environ["OPENFACE_HOME"])
    command = [str(home / "FeatureExtraction"), "-mloc", installs.MODEL]
    command += ["-f", str(file.whole()), "-out_dir", str(root), "-aus", "-pose", "-2Dfp", "-3Dfp"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(RUNS):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / RUNS


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/whole_road.py CLIPS")
    main(Path(sys.argv[1]))
