"""Version numbers of releases, X.Y.Z, and what each place means."""

import re
from pathlib import Path
from typing import Literal

from schemas.errors import SetupError
from schemas.parquet import read_column
from schemas.release import Manifest

Number = tuple[int, int, int]
Change = Literal["patch", "minor", "major"]

_FORM = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def parse(version: str) -> Number | None:
    found = _FORM.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def check_version(version: str) -> Number:
    """SetupError unless the version is X.Y.Z."""
    number = parse(version)
    if number is None:
        raise SetupError(f"version {version!r} is not of the form X.Y.Z, e.g. 0.1.0")
    return number


def latest_before(folder: Path) -> Path | None:
    """The release of the same name with the highest version below this folder's."""
    own = check_version(folder.name)
    older = [
        (number, path)
        for path in folder.parent.iterdir()
        if (number := parse(path.name)) is not None and number < own
    ]
    return max(older)[1] if older else None


def check_order(folder: Path, *, replace: bool) -> None:
    """SetupError when a higher version follows: a release is not slipped in before another, nor
    taken from under one that names it as its parent."""
    own = check_version(folder.name)
    if not folder.parent.exists() or (folder.exists() and not replace):
        return
    later = [n for path in folder.parent.iterdir() if (n := parse(path.name)) and n > own]
    if later:
        highest = ".".join(map(str, max(later)))
        raise SetupError(f"{folder.parent}: {highest} is published; give a higher --version")


def check_step(folder: Path, new: tuple[Path, Manifest], old: tuple[Path, Manifest]) -> None:
    """SetupError when the version of `folder` does not say how much changed since the old one.

    patch: texts mended or rows withdrawn; minor: rows added; major: schema, vocabulary or a
    clip's split changed. Below 1.0.0 a minor step may say major, as semantic versioning has it.
    """
    change, why = _change(new, old)
    own, before = check_version(folder.name), check_version(old[1].version)
    if _step(before, own) < _needed(change, before):
        raise SetupError(
            f"{why} since {old[1].version}: that is a {change} change, so the version must be at "
            f"least {_least(change, before)}, not {folder.name}"
        )


def _change(new: tuple[Path, Manifest], old: tuple[Path, Manifest]) -> tuple[Change, str]:
    if new[1].schema_version.split(".")[0] != old[1].schema_version.split(".")[0]:
        return "major", "the schema changed"
    if new[1].vocabulary != old[1].vocabulary:
        return "major", f"the vocabulary changed from {old[1].vocabulary}"
    added = False
    for table in ("coarse", "fine", "features"):
        ours, theirs = _splits(new[0] / table), _splits(old[0] / table)
        moved = [i for i in ours.keys() & theirs.keys() if ours[i] != theirs[i]]
        if moved:
            return "major", f"{len(moved)} clips changed their split"
        added = added or bool(ours.keys() - theirs.keys())
    return ("minor", "rows were added") if added else ("patch", "texts changed")


def _splits(table: Path) -> dict[str, str]:
    """clip_id -> split."""
    return {
        clip_id: path.name.split("-")[0]
        for path in sorted(table.glob("*.parquet"))
        for clip_id in read_column(path, "clip_id")
    }


def _step(before: Number, own: Number) -> int:
    """0 patch, 1 minor, 2 major."""
    if own[0] > before[0]:
        return 2
    return 1 if own[1] > before[1] else 0


def _needed(change: Change, before: Number) -> int:
    needed = {"patch": 0, "minor": 1, "major": 2}[change]
    return min(needed, 1) if before[0] == 0 else needed


def _least(change: Change, before: Number) -> str:
    major, minor, patch = before
    steps = (f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0")
    return steps[_needed(change, before)]
