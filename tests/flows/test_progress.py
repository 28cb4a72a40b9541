"""What a person sees while a build runs, where there is no terminal."""

from collections import Counter

import pytest

from flows.progress import describe, shown_progress
from pipeline.tally import StageTally


def tally(expected, done=0, rejected=0, failed=0):
    return StageTally(
        expected, done, Counter({"no_face": rejected} if rejected else {}),
        Counter({"DecodeError": failed} if failed else {}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (tally(9), "face: 0/9"),
        (tally(9, done=3), "face: 3/9"),
        (tally(9, done=3, rejected=2), "face: 5/9, 2 rejected"),
        (tally(9, done=3, failed=1), "face: 4/9, 1 failed"),
        (tally(9, 3, 2, 4), "face: 9/9, 2 rejected, 4 failed"),
    ],
)
def test_a_stage_is_one_line(counts, text):
    assert describe("face", counts) == text


def test_a_stage_speaks_when_it_is_through_and_not_at_every_clip(capsys):
    with shown_progress() as listen:
        for done in range(101):
            listen("face", tally(100, done=done))
        listen("look", tally(100, done=1))
    assert capsys.readouterr().err == "face: 100/100\n"


def test_a_stage_that_nobody_expects_says_nothing(capsys):
    with shown_progress() as listen:
        listen("face", tally(0))
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_are_bars(monkeypatch):
    """A real terminal: the child writes to the end of a pseudo-terminal."""
    import os
    import pty
    import subprocess
    import sys

    program = (
        "from flows.progress import shown_progress\n"
        "from pipeline.tally import StageTally\n"
        "with shown_progress() as listen:\n"
        "    listen('face', StageTally(4, 1)); listen('face', StageTally(4, 4))\n"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, "-c", program], stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "face" in shown
    assert "4/4" in shown
