"""Where the CPU time of a build goes: models, decoding, and all the rest, which is ours.

Usage: python benchmarks/build_cpu.py CLIPS

The code of a real build runs in one process: hashing, probing, one decode per clip, models,
stills, JSON between supervisor and worker, every stage, every Parquet part. Timers of this
process's CPU time lie around the models and around decoding; what is left is the rest.

Decoding is what `benchmarks/decoding.py` holds against a bare decode: our decoder from the file to
the picture and the sound, without those who listen. A model is timed where it is called: a frame
goes in and a mesh comes out, so that cutting the face out of the frame, which the model cannot do
without, is the model's cost. How much of it the libraries themselves take stands below it. One
thread each; one build to warm up, then five, of which the one with the least CPU counts.
The last rows are of real `merr build` commands, all processes together: Prefect, its server and
two workers start anew every time, which is what a small build mostly pays for.

The rest weighs this much because the models are small: about 1.5 ms for a frame.
"""

import os
import sys
import tempfile
from pathlib import Path

from command import merr
from table import Figure, print_table

from pipeline.pool import _SINGLE_THREAD

ROUNDS = 5
COMMANDS = 2


def main(clips: Path) -> None:
    from one_process import InProcess, build_in_process
    from stopwatch import (
        DECODING,
        MODELS,
        OURS,
        RUNS,
        Stopwatch,
        watch_decoding,
        watch_models,
        watch_ours,
    )

    watch = Stopwatch()
    for watch_part in (watch_models, watch_decoding, watch_ours):
        watch_part(watch)
    kinds = (MODELS, RUNS, DECODING, *OURS)
    best: tuple[float, dict[str, float]] = (float("inf"), {})
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        for turn in range(ROUNDS + 1):
            watch.reset()
            build_in_process((str(clips),), Path(scratch) / f"work{turn}", InProcess())
            spent = watch.total_s, {kind: watch.spent_s(kind) for kind in kinds}
            if not all(watch.calls[kind] for kind in kinds):
                raise SystemExit("a timer was never reached: see benchmarks/stopwatch.py")
            best = min(best, spent, key=lambda one: one[0]) if turn else best
        works = [str(Path(scratch) / f"command{number}") for number in range(COMMANDS)]
        command_s = min(merr("build", str(clips), "--work", work).cpu_s for work in works)
    total, parts = best
    rest = total - parts[MODELS] - parts[DECODING]
    unnamed = rest - sum(parts[kind] for kind in OURS)
    print_table(
        [
            Figure("one build in one process", f"{total:.2f} CPU s"),
            _share("models", parts[MODELS], total),
            _share("of it inside LiteRT, Silero and SwiftF0", parts[RUNS], total),
            _share("decoding", parts[DECODING], total),
            _share("all the rest", rest, total, "at most 15 %"),
            *(_share(f"rest: {kind}", parts[kind], total) for kind in OURS),
            _share("rest: everything else", unnamed, total),
            Figure("`merr build`, every process", f"{command_s:.1f} CPU s"),
            Figure("of it start-up: Prefect, its server, workers", f"{command_s - total:.1f} s"),
        ]
    )


def _share(what: str, part_s: float, total_s: float, wanted: str = "") -> Figure:
    return Figure(what, f"{part_s:.2f} CPU s = {part_s / total_s:.0%}", wanted)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/build_cpu.py CLIPS")
    os.environ.update(_SINGLE_THREAD)
    main(Path(sys.argv[1]))
