"""What a clip costs on the road past the chat models, with a stand-in that answers after 50 ms.

Usage: python benchmarks/chat_road.py CLIPS

16 and 64 clips are cut out of the films of the set that have a face and a voice, each at another
start and with words of its own in Chinese, so that no request equals another. They are measured
first (`merr build --until label`), which is not counted. Then `merr build` asks for voice, scene,
translation and clues, four calls a clip, at most four at once. Marginal cost of a clip: the slope
between 16 and 64 clips, the best of three rounds of each; start-up is no part of it. CPU seconds
are of all processes of the command; the server is none of them. MER-Factory's figures, for four
calls a clip at 50 ms and four at once, with everything it does for a clip but OpenFace: 0.37 to
0.50 s wall and 0.48 to 0.58 CPU s.
"""

import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from command import Ran, merr
from table import Figure, print_table

LATENCY_MS = 50
AT_ONCE = 4
FEW, MANY = 16, 64
ROUNDS = 3
SPAN_S = 1.8
STEP_S = 0.04  # between the starts of two clips of one film
FILMS = ("woman_crying", "woman_laughing", "woman_worried")
ROLES = ("heard", "seen", "english", "clues")
SRT = "1\n00:00:{:06.3f} --> 00:00:{:06.3f}\n{}\n"
SAID = "\u8fd9\u662f\u7b2c{}\u4e2a\u4eba\u8bf4\u7684\u8bdd\u3002"


def main(clips: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        root = Path(scratch)
        for count in (FEW, MANY):
            make_clips(clips, root / f"films{count}", count)
            settings = chosen("http://localhost:1/v1")
            measured = merr(*build(root, count, root / f"measured{count}"), *settings,
                            "--until", "label")  # fmt: skip
            if measured.code:
                raise SystemExit(measured.said)
        ran = [one_round(root, number) for number in range(ROUNDS)]
    few, many = zip(*ran, strict=True)
    wall_s = slope([one.wall_s for one in few], [one.wall_s for one in many])
    cpu_s = slope([one.cpu_s for one in few], [one.cpu_s for one in many])
    print_table(
        [
            Figure("a clip, wall", f"{wall_s:.3f} s", "at most 0.12 s"),
            Figure("a clip, CPU of all processes", f"{cpu_s:.3f} CPU s", "at most 0.15 CPU s"),
            Figure("MER-Factory, four calls a clip", "0.37-0.50 s, 0.48-0.58 CPU s"),
            Figure("answers alone: calls x latency / at once", f"{4 * LATENCY_MS / AT_ONCE} ms"),
        ]
    )


def one_round(root: Path, number: int) -> tuple[Ran, Ran]:
    """The few and the many, each in a fresh copy of what was measured."""
    ran = []
    for count in (FEW, MANY):
        work = root / f"work{count}-{number}"
        shutil.copytree(root / f"measured{count}", work)
        with server() as (url, log):
            done = merr(*build(root, count, work), *chosen(url))
            if done.code:
                raise SystemExit(done.said)
            time.sleep(1.0)  # the server counts twice a second
            calls = int(log.read_text().split()[-1])
        if calls != 4 * count:
            raise SystemExit(f"{calls} calls for {count} clips, wanted {4 * count}")
        print(f"{count} clips: {done.wall_s:.1f} s, {done.cpu_s:.1f} CPU s", file=sys.stderr)
        ran.append(done)
    return ran[0], ran[1]


def slope(few: list[float], many: list[float]) -> float:
    """Between the best round of each: the slope of one round is noise where others use the CPUs."""
    return (min(many) - min(few)) / (MANY - FEW)


def build(root: Path, count: int, work: Path) -> tuple[str, ...]:
    return ("build", str(root / f"films{count}"), "--work", str(work))


def chosen(url: str) -> list[str]:
    values = [f"chat.base_url={url}", "chat.model=tiny", f"run.chat.concurrency={AT_ONCE}"]
    values += ["seen.frames=3", *(f"{role}.engine=chat" for role in ROLES)]
    return [word for value in values for word in ("--set", value)]


def make_clips(clips: Path, to: Path, count: int) -> None:
    to.mkdir()
    films = itertools.cycle(FILMS)
    spans, labels = ["name,start,end"], ["name,label"]
    for number in range(count):
        name, start_s = f"c{number:03d}", STEP_S * (number // len(FILMS))
        shutil.copyfile(clips / f"{next(films)}.mp4", to / f"{name}.mp4")
        with (to / f"{name}.mp4").open(
            "ab"
        ) as end:  # a free box, so that no film is another's copy
            end.write((16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big"))
        cue = SRT.format(start_s + 0.1, start_s + SPAN_S - 0.1, SAID.format(number))
        (to / f"{name}.srt").write_text(cue.replace(".", ","), "utf-8")
        spans.append(f"{name}.mp4,{start_s:.2f},{start_s + SPAN_S:.2f}")
        labels.append(f"{name}.mp4,happy")
    (to / "spans.csv").write_text("\n".join(spans) + "\n")
    (to / "labels.csv").write_text("\n".join(labels) + "\n")


@contextmanager
def server() -> Iterator[tuple[str, Path]]:
    """Its URL, and a file in which its count of calls is the last word."""
    command = [sys.executable, str(Path(__file__).with_name("chat_server.py")), str(LATENCY_MS)]
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        running = subprocess.Popen(command, stdout=log)
        try:
            path = Path(log.name)
            while not path.read_text().endswith("\n"):
                if running.poll() is not None:
                    raise SystemExit("the stand-in server does not start")
            yield path.read_text().split()[0], path
        finally:
            running.terminate()
            running.wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/chat_road.py CLIPS")
    main(Path(sys.argv[1]))
