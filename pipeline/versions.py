"""Version numbers of releases: X.Y.Z."""

import re
from pathlib import Path

from schemas.errors import SetupError

_FORM = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def parse(version: str) -> tuple[int, int, int] | None:
    found = _FORM.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def check_version(version: str) -> None:
    """SetupError unless the version is X.Y.Z."""
    if parse(version) is None:
        raise SetupError(f"version {version!r} is not of the form X.Y.Z, e.g. 0.1.0")


def latest_before(folder: Path) -> Path | None:
    """The release of the same name with the highest version below this folder's."""
    own = parse(folder.name)
    older = [
        (number, path)
        for path in folder.parent.iterdir()
        if (number := parse(path.name)) is not None and own is not None and number < own
    ]
    return max(older)[1] if older else None
