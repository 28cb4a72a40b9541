"""A build with nothing to do over 64 clips, and what a clip weighs in a release.

Usage: python benchmarks/rerun.py CLIPS

64 films are made of the short ones of the set (copies that differ in one box, so that none is a
duplicate) and built by `merr build`; then the same command runs again, five times. CPU seconds are
of all processes together, the best of five. The release is another one, of CLIPS as they are, with
default settings: `merr publish`, then the bytes of the whole folder by the clips in it, report and
books included.
"""

import json
import sys
import tempfile
from pathlib import Path

from command import merr
from copies import copy_films, short_films
from table import Figure, print_table

CLIPS = 64
ROUNDS = 5


def main(clips: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="merr-bench-") as scratch:
        root = Path(scratch)
        print_table([*_rerun(clips, root), *_release(clips, root)])


def _rerun(clips: Path, root: Path) -> list[Figure]:
    copy_films(short_films(clips), root / "films", CLIPS)
    build = ("build", str(root / "films"), "--work", str(root / "work64"))
    first = merr(*build)
    again = [merr(*build) for _ in range(ROUNDS)]
    if not all("nothing to do" in ran.said for ran in again):
        raise SystemExit("a rerun found something to do")
    return [
        Figure(f"first build, {CLIPS} short clips", f"{first.cpu_s:.1f} CPU s"),
        Figure(
            "rerun with nothing to do",
            f"{min(ran.cpu_s for ran in again):.2f} CPU s, "
            f"{min(ran.wall_s for ran in again):.2f} s",
            "under 3 CPU s",
        ),
    ]


def _release(clips: Path, root: Path) -> list[Figure]:
    merr("build", str(clips), "--work", str(root / "work"))
    made = ("--name", "bench", "--version", "0.1.0")
    merr("publish", str(root / "work"), "--to", str(root / "releases"), *made)
    folder = root / "releases" / "bench" / "0.1.0"
    published = json.loads((folder / "manifest.json").read_text("utf-8"))["rows"]["evidence"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    total, evidence = (
        sum(path.stat().st_size for path in files if inside in path.parts)
        for inside in (folder.name, "evidence")
    )
    return [
        Figure(
            f"release, bytes per clip ({published} clips, {len(files)} files)",
            f"{total / published / 1000:.0f} kB",
            "under 150 kB (MER-Factory: 633 kB in 5 files)",
        ),
        Figure("of it pictures, sound and evidence", f"{evidence / published / 1000:.0f} kB"),
    ]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/rerun.py CLIPS")
    main(Path(sys.argv[1]))
