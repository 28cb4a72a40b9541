"""Engines for side workers that act as told: files for `side_worker.py`, written by tests."""

from pathlib import Path

GOOD = """
import os, signal, subprocess, sys, time


class Refused(Exception):
    kind = "transient"


def load(options):
    print("noise on stdout")
    if options.get("die"):
        os._exit(7)
    if options.get("fail"):
        raise RuntimeError("no weights")
    while options.get("hang"):
        time.sleep(1)
    return {"engine": "1.0"}, answer


def answer(ask):
    print("more noise")
    if ask.get("hang"):
        time.sleep(1000)
    if ask.get("child"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        return {"pid": os.getpid(), "child": child.pid}
    if ask.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if ask.get("refuse"):
        raise Refused("busy")
    if ask.get("break"):
        raise ValueError("cannot be done")
    if ask.get("list"):
        return [1]
    if ask.get("take"):
        return {"taken": len(bytearray(int(ask["take"])))}
    return {"pid": os.getpid(), "twice": 2 * ask["number"]}
"""


def engine(folder: Path) -> Path:
    path = folder / "engine.py"
    path.write_text(GOOD, "utf-8")
    return path
