"""The files of the page, read once at start: a name that is not among them is nothing."""

from collections.abc import Iterator
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
_SHELL: Final = "shell.html"  # of every page; its module does the rest


def page_files() -> dict[str, tuple[bytes, str]]:
    """Name below review/page -> bytes and media type; pages among them, as NAME.html."""
    found = dict(_walk(files("review") / "page", ""))
    shell = Template(found.pop(_SHELL)[0].decode("utf-8"))
    for name, styles in PAGES.items():
        page = shell.substitute(name=name, styles="\n".join(map(_link, ("base", *styles))))
        found[f"{name}.html"] = (page.encode("utf-8"), TYPES[".html"])
    return found


def _link(style: str) -> str:
    return f'<link rel="stylesheet" href="/page/css/{style}.css">'


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
    for entry in folder.iterdir():
        name = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        elif (kind := TYPES.get(f".{name.rpartition('.')[2]}")) is not None:
            yield name, (entry.read_bytes(), kind)
