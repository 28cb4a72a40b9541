"""Installing merr: seconds, packages and MB of the default set, and the first row of one's own.

Usage: python benchmarks/install.py CLIPS

The files of this checkout are copied to an empty folder, as a clone would bring them, and
`make setup` runs there, with pip's cache switched off. Packages are those of `pip list`, MB (2^20
bytes) those that `du` counts of .venv after `make setup`, which ends with a first build, so that
Python has compiled what it uses. One's own video is the first film of CLIPS, with its label; its
first row is there when `merr build` has ended and `merr show` has printed it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from copies import copy_films, short_films
from table import Figure, print_table

HERE = Path(__file__).resolve().parents[1]


def main(clips: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        clone = Path(scratch) / "merr"
        copy_checkout(clone)
        copy_films(short_films(clips)[:1], Path(scratch) / "mine", 1)
        video = next((Path(scratch) / "mine").glob("*.mp4")).name
        setup_s = _timed(["make", "setup"], clone)
        mb = _mb(clone / ".venv")
        packages = len(_said([".venv/bin/python", "-m", "pip", "list", "--format=freeze"], clone))
        build_s = _timed([".venv/bin/merr", "build", "../mine", "--work", "../work"], clone)
        show_s = _timed([".venv/bin/merr", "show", "../work", video], clone)
        print_table(
            [
                Figure("`make setup`", f"{setup_s:.0f} s", "MER-Factory: 284 s"),
                Figure("packages", str(packages), "MER-Factory: 179"),
                Figure(".venv after `make setup`", f"{mb} MB", "867 MB (MER-Factory: 2.6 GB)"),
                Figure(
                    "from a clone to the first row of one's own video",
                    f"{setup_s + build_s + show_s:.0f} s",
                    "under 300 s",
                ),
            ]
        )


def copy_checkout(to: Path) -> None:
    """What git knows here and what it does not ignore."""
    listed = _said(["git", "ls-files", "-co", "--exclude-standard"], HERE)
    for name in listed:
        if (HERE / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / name, to / name)


def _timed(command: list[str], where: Path) -> float:
    start = time.monotonic()
    _said(command, where)
    return time.monotonic() - start


def _said(command: list[str], where: Path) -> list[str]:
    """Lines of its output. RuntimeError where it failed."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        command,
        cwd=where,
        env={**kept, "PIP_NO_CACHE_DIR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout.splitlines()


def _mb(folder: Path) -> int:
    return int(_said(["du", "-sm", str(folder)], HERE)[0].split()[0])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/install.py CLIPS")
    main(Path(sys.argv[1]))
