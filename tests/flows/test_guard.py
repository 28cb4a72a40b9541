"""Around every command: one line and an exit code."""

import os
import subprocess
import sys

import pytest

from flows.guard import guarded
from schemas.errors import DecodeError, SetupError


@pytest.fixture(autouse=True)
def no_debug(monkeypatch):
    monkeypatch.setenv("MERR_DEBUG", "0")


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (lambda: None, 0),
        (lambda: 1, 1),
        (lambda: sys.exit(0), 0),
        (lambda: sys.exit(1), 1),
        (lambda: sys.exit(2), 2),
        (lambda: sys.exit("words"), 1),
    ],
)
def test_what_a_command_ends_with_is_the_exit_code(command, code, capsys):
    assert guarded(command, debug=False) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SetupError("no disk; make room"), "merr: no disk; make room\n"),
        (SetupError("two\n  lines"), "merr: two lines\n"),
        (DecodeError("is broken"), "merr: is broken\n"),
        (SetupError("a\x1b[2J.mp4 is lost"), "merr: a\\x1b[2J.mp4 is lost\n"),
        (
            FileNotFoundError(2, "No such file", "\x1b[2J\udcff"),
            "merr: \\x1b[2J\\xff: No such file\n",
        ),
        (
            PermissionError(13, "Permission denied", "/x/y"),
            "merr: /x/y: Permission denied; choose another folder, or one that you may write to\n",
        ),
        (
            OSError(28, "No space left on device"),
            "merr: disk: No space left on device; make room and run the same command again: "
            "nothing that was finished is lost\n",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(error, told, capsys):
    assert guarded(raising(error), debug=False) == 2
    assert capsys.readouterr().err == told


def test_with_debug_the_traceback_is_shown_before_the_line(capsys):
    assert guarded(raising(SetupError("no disk")), debug=True) == 2
    text = capsys.readouterr().err
    assert text.startswith("Traceback")
    assert text.endswith("merr: no disk\n")
    assert os.environ["MERR_DEBUG"] == "1"  # for those who ask below the command


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(130)])
def test_a_stopped_command_says_that_nothing_is_lost(stop, capsys):
    assert guarded(raising(stop), debug=False) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_an_error_that_nobody_named_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0, debug=False)


def test_a_package_that_took_one_of_our_names_is_told(tmp_path):
    """In a process of its own, where the other package comes first."""
    (tmp_path / "annotators").mkdir()
    (tmp_path / "annotators" / "__init__.py").write_text("")
    program = "import sys; from flows.guard import guarded; sys.exit(guarded(int, debug=False))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("merr: the package 'annotators' found is ")
    assert "another package shadows it" in done.stderr
