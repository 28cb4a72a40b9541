"""The files of the page, read once at start: a name that is not among them is nothing."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Name below review/page -> bytes and media type."""
    return dict(_walk(files("review") / "page", ""))


def _walk(folder: Traversable, above: str) -> list[tuple[str, tuple[bytes, str]]]:
    found: list[tuple[str, tuple[bytes, str]]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = f"{above}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif (kind := TYPES.get(f".{name.rpartition('.')[2]}")) is not None:
            found.append((name, (entry.read_bytes(), kind)))
    return found
