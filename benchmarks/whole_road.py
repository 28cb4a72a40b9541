"""What a clip costs from the film to the fine sample; OpenFace and the chat server are stand-ins.

Usage: python benchmarks/whole_road.py CLIPS

The 16 and 64 clips of `chat_road.py` (1.8 s of 640x360 at 24 frames a second), and nothing done
before: `merr build` decodes them, measures light, motion, voice and pitch, encodes sound and
pictures, runs OpenFace's wrapper (every frame written without loss, a process started and watched,
its table of 43 rows and 433 columns read and checked, other faces looked for by the mesh on every
tenth frame), asks four times, 50 ms each, at most four at once, and writes all parts. Marginal
cost of a clip: the slope between 16 and 64 clips, the best of two rounds of each; start-up is no
part of it. CPU seconds are of all processes of the command: the stand-in for OpenFace, a shell
script that copies from a table made before (MER-Factory was measured with one of the kind), is one
of them, the server is none. MER-Factory's figures are for clips of 4.8 s on average, of which it
decodes the sound and one frame. It looks for no voice and measures no light and no pitch.
"""

import os
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
MOST_FRAMES = 100  # of a clip
READY = """#!/bin/sh
# The wrapper's own order of arguments: -mloc MODEL -f VIDEO -out_dir FOLDER ...
name=${4##*/}
echo "Reading the landmark detector/tracker from: $2"
frames=$(od -An -tu4 -j48 -N4 "$4")  # as the header of an AVI file says
head -n $((frames + 1)) "${0%/*}/ready.csv" > "$6/${name%.avi}.csv"
echo "Closed successfully"
echo "Postprocessing the Action Unit predictions"
"""


def main(clips: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        root = Path(scratch)
        os.environ["OPENFACE_HOME"] = str(install(root / "openface", root))
        for count in (FEW, MANY):
            make_clips(clips, root / f"films{count}", count)
        ran = [one_round(root, number) for number in range(ROUNDS)]
    few, many = zip(*ran, strict=True)
    wall_s = slope([one.wall_s for one in few], [one.wall_s for one in many])
    cpu_s = slope([one.cpu_s for one in few], [one.cpu_s for one in many])
    print_table(
        [
            Figure(f"a clip of {SPAN_S} s, wall", f"{wall_s:.3f} s", "at most 0.12 s"),
            Figure("a clip, CPU of all processes", f"{cpu_s:.3f} CPU s", "at most 0.15 CPU s"),
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


def install(folder: Path, scratch: Path) -> Path:
    """An OpenFace that gives the table of a clip at once; the tests' stand-in made it."""
    import numpy as np

    from annotators.models.frame_file import FrameFile

    with FrameFile(scratch / "ready.avi", seconds=SPAN_S) as file:
        for _ in range(MOST_FRAMES):
            file.add(np.zeros((36, 64, 3), np.uint8))
    binary = installs.install(folder, act="good")
    command = [str(binary), "-mloc", installs.MODEL, "-f", str(file.whole())]
    command += ["-out_dir", str(binary.parent), "-aus", "-pose", "-2Dfp", "-3Dfp"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # writes ready.csv beside it
    binary.write_text(READY, "ascii")
    return binary.parent


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/whole_road.py CLIPS")
    main(Path(sys.argv[1]))
