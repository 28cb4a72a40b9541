"""The files of the page, read once at start: a name that is not among them is nothing."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template
from typing import Final

PAGES: Final = {  # name -> its styles, after those that every page has
    "login": ("form",),
    "invite": ("form",),
    "queues": ("lists",),
    "work": ("work", "timeline", "decision"),
    "history": ("lists",),
    "guide": ("lists",),
    "lead": ("lists",),
    "agreement": ("lists",),
}
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_IMPORT: Final = re.compile(r'^import .* from "\./([a-z_]+\.js)";$', re.MULTILINE)
_SHELL: Final = "shell.html"  # of every page; its module does the rest


def page_files() -> dict[str, tuple[bytes, str]]:
    """Name below review/page -> bytes and media type; pages among them, as NAME.html."""
    found = dict(_walk(files("review") / "page", ""))
    shell = Template(found.pop(_SHELL)[0].decode("utf-8"))
    for name, styles in PAGES.items():
        page = shell.substitute(
            name=name,
            styles="\n".join(map(_style, ("base", *styles))),
            modules="\n".join(map(_preload, _imported(found, f"js/{name}_page.js"))),
        )
        found[f"{name}.html"] = (page.encode("utf-8"), TYPES[".html"])
    return found


def _style(name: str) -> str:
    return f'<link rel="stylesheet" href="/page/css/{name}.css">'


def _preload(path: str) -> str:
    return f'<link rel="modulepreload" href="/page/{path}">'


def _imported(found: Mapping[str, tuple[bytes, str]], path: str) -> list[str]:
    """Modules that a module needs, and what those need: asked for at once, not one by another."""
    known, left = {path}, [path]
    while left:
        text = found[left.pop()][0].decode("utf-8")
        new = {f"js/{name}" for name in _IMPORT.findall(text)} - known
        known |= new
        left += new
    return sorted(known - {path})


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
    for entry in folder.iterdir():
        name = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        elif (kind := TYPES.get(f".{name.rpartition('.')[2]}")) is not None:
            yield name, (entry.read_bytes(), kind)
