"""A stand-in for OpenFace's FeatureExtraction that behaves as told by `act.json` beside it.

It does what a real binary was seen doing in each case; written for tests, with the standard
library alone, so that it starts at once. `act.json`:

    act       one of ACTS
    spaces    whether names and cells are separated by ", " (2.0.6) or "," (2.2 on Linux)
    peak      frame, from 1, at which the smile is strongest
    shown     numbers of the units that are present
    replay    sha256 of a video -> a CSV whose rows are given for it
"""

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent
AUS_R = [f"{n:02}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)]
AUS_C = [*AUS_R[:-1], "28", "45"]
ACTS = (
    *("good", "no_face", "noisy", "unreadable", "silent", "unclosed", "unfinished", "no_table"),
    *("fewer", "more", "negative", "cut_line", "not_a_number", "without_au28", "two_faces"),
    *("model_missing", "other_model", "abort", "exit_2", "killed", "killed_midway", "hang"),
    *("leaves_child", "one_frame"),
)  # fmt: skip


def main() -> None:
    told = json.loads((HOME / "act.json").read_text("utf-8"))
    arguments = sys.argv[1:]
    (HOME / "calls.jsonl").open("a").write(
        json.dumps({"arguments": arguments, "threads": os.environ.get("OMP_NUM_THREADS")}) + "\n"
    )
    video = Path(arguments[arguments.index("-f") + 1])
    out = Path(arguments[arguments.index("-out_dir") + 1])
    model = arguments[arguments.index("-mloc") + 1]
    run(told, video, out, model, arguments)


def run(told, video, out, model, arguments) -> None:
    act = told["act"]
    if act == "model_missing":
        say("ERROR: Could not load the landmark detector")
        sys.exit(1)
    loaded = "model/main_other_general.txt" if act == "other_model" else model
    say(f"Reading the landmark detector/tracker from: {loaded}")
    say("Reading the landmark detector module from: model/clnf_general.txt")
    say("Reading the landmark detector/tracker from: modelmain_clnf_inner.txt")
    if act in ("unreadable", "silent"):
        if act == "unreadable":
            say(f"Failed to open the video file at location: {video}")
        return
    dying(act, out)
    say(f"Attempting to read from file: {video}\nDevice or file opened\nStarting tracking")
    (out / f"{video.stem}_of_details.txt").write_text(f"Input:{video.name}\n", "utf-8")
    if act == "hang":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    write_table(told, video, out / f"{video.stem}.csv", arguments)
    if act == "killed_midway":
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "leaves_child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (HOME / "child.pid").write_text(str(child.pid))
    if act == "noisy":
        sys.stderr.write("[ WARN:0] global matrix_expressions.cpp MatExpr: multi-channel\n")
    closing(act)


def dying(act, out) -> None:
    if act == "abort":
        sys.stderr.write("terminate called: boost filesystem_error\n")
        sys.stderr.flush()
        os.abort()
    if act == "exit_2":
        say("something nobody knows")
        sys.exit(2)
    if act == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


def closing(act) -> None:
    if act == "unclosed":
        return
    percents = "0%" if act == "one_frame" else "0% 10% 100% "
    say(f"{percents}\nClosing output recorder\nClosing input reader\nClosed successfully")
    if act != "unfinished":
        say("Postprocessing the Action Unit predictions")


def say(text) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_table(told, video, path, arguments) -> None:
    act, replay = told["act"], told.get("replay") or {}
    if act == "no_table":
        return
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    if digest in replay:
        path.write_bytes(Path(replay[digest]).read_bytes())
        return
    if replay:
        say(f"no replay for {digest}")
        return
    frames = frames_of(video) + {"fewer": -1, "more": 1}.get(act, 0)
    names, rows = table(told, frames, arguments)
    comma = ", " if told.get("spaces", True) else ","
    lines = [comma.join(names), *(comma.join(row) for row in rows)]
    text = "\n".join(lines) + "\n"
    if act == "cut_line":
        text = text[: text.rindex(comma)]
    path.write_text(text, "ascii")


def frames_of(video) -> int:
    """As the header of an AVI file says."""
    head = video.read_bytes()[:4096]
    return struct.unpack_from("<I", head, head.index(b"avih") + 8 + 16)[0]


def table(told, frames, arguments):
    act = told["act"]
    columns = {}
    seen = [0 if act == "no_face" else int(frame != 2) for frame in range(1, frames + 1)]
    columns["frame"] = [str(i + 1) for i in range(frames)]
    columns["face_id"] = ["1" if act == "two_faces" and i % 2 else "0" for i in range(frames)]
    columns["timestamp"] = [f"{i / 25:.3f}" for i in range(frames)]
    columns["confidence"] = ["0.98" if s else "0.02" for s in seen]
    columns["success"] = [str(s) for s in seen]
    pose = {"pose_Tx": 1, "pose_Ty": 2, "pose_Tz": 400, "pose_Rx": 0.1, "pose_Ry": 0.2}
    for name, value in {**pose, "pose_Rz": 0.3}.items():
        columns[name] = [f"{value}"] * frames
    if "-2Dfp" in arguments:
        columns |= point_columns(frames, ("x", "y"))
    if "-3Dfp" in arguments:
        columns |= point_columns(frames, ("X", "Y", "Z"))
    columns |= unit_columns(told, frames, seen, "-au_static" in arguments)
    if act == "without_au28":
        del columns["AU28_c"]
    return list(columns), list(zip(*columns.values(), strict=True))


def point_columns(frames, axes):
    places = [(100.0 + 10 * (i % 9), 100.0 + 5 * (i // 9), 300.0) for i in range(68)]
    for part, (x, y) in ((range(36, 42), (110, 120)), (range(42, 48), (150, 120))):
        for i in part:
            places[i] = (x, y, 300.0)
    places[30], places[48], places[54] = (130, 140, 290), (115, 160, 300), (145, 160, 300)
    places[62], places[66] = (130, 158, 300), (130, 166, 300)
    return {
        f"{axis}_{i}": [f"{places[i][n]:.1f}"] * frames
        for n, axis in enumerate(axes)
        for i in range(68)
    }


def unit_columns(told, frames, seen, static):
    act, peak = told["act"], told.get("peak", 1)
    columns = {}
    for au in AUS_R:
        strongest = 4.0 if au in ("06", "12") else 0.2
        values = [
            max(0.0, strongest - 0.1 * abs(i + 1 - peak)) + 0.5 * static for i in range(frames)
        ]
        columns[f"AU{au}_r"] = [
            f"{min(5.0, v) if s else 0:.2f}" for v, s in zip(values, seen, strict=True)
        ]
    if act in ("negative", "killed_midway"):
        columns["AU04_r"][0] = "-0.31"
    if act == "not_a_number":
        columns["AU04_r"][0] = "-nan"
    for au in AUS_C:
        shown = au in told.get("shown", ("06", "12", "28"))
        columns[f"AU{au}_c"] = [f"{float(shown and s):.2f}" for s in seen]
    return columns


if __name__ == "__main__":
    main()
