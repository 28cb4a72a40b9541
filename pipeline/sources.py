"""Finding sources: which files are there, and of which kind."""

import glob
import os
import stat
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from schemas.errors import ClipError, SetupError
from schemas.failure import Failure
from schemas.video import Kind, SourceFile

STAGE: Final = "ingest"
FILMS: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".flv"})
STILLS: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
COMPANION_SUFFIXES: Final = frozenset({".srt", ".vtt", ".txt"})
COMPANION_TABLES: Final = frozenset({"labels.csv", "transcripts.csv", "spans.csv"})
WORK_MARKS: Final = frozenset({"merr.lock", "books.sqlite"})
RELEASE_TABLES: Final = frozenset({"coarse", "fine", "instructions", "evidence", "reviews"})

ListFolder = Callable[[str], Iterable["os.DirEntry[str]"]]


@dataclass(frozen=True)
class Place:
    """Where the tables of a source are looked for."""

    source: str  # as the user wrote it
    folder: str  # absolute
    whole: bool  # False: a file or a glob, so other files of the folder are left out on purpose


@dataclass(frozen=True)
class Found:
    """Every file is once in `files` or once in `failures`; `video_id` is still None everywhere."""

    files: tuple[SourceFile, ...]
    failures: tuple[Failure, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class _Seen:
    """A file, or a folder that could not be listed; names as the system gives them."""

    path: str  # relative to its source
    folder: str  # in which it lies, links resolved
    location: str
    error: OSError | None = None


def find_files(sources: Sequence[str], *, list_folder: ListFolder = os.scandir) -> Found:
    """Files of all sources, in the order of the sources, then of the bytes of their paths.

    A source is a file, a folder with all below it, or a glob ("**" stands for any folders).
    Hidden names, merr's own work and release folders and the texts merr reads beside videos are
    left out. SetupError names a source that is not there or holds no file.
    """
    rows: list[SourceFile] = []
    failures: list[Failure] = []
    places: list[Place] = []
    known: set[tuple[str, str]] = set()
    for source in sources:
        place, entries = _open_source(source, list_folder)
        places.append(place)
        for entry in entries:
            key = (entry.folder, entry.path.rpartition("/")[2])
            row = None if key in known else _row(entry, source)
            known.add(key)
            if isinstance(row, Failure):
                failures.append(row)
            elif row is not None:
                rows.append(row)
    return Found(tuple(rows), tuple(failures), tuple(dict.fromkeys(places)))


def kind_of(name: str) -> Kind:
    suffix = Path(name).suffix.lower()
    if suffix in FILMS:
        return "film"
    return "still" if suffix in STILLS else "other"


def folded(name: str) -> str:
    """One spelling for names whose letters are composed or decomposed (Unicode NFC)."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def shown(text: str) -> str:
    """A name as one line of valid unicode: strange bytes and control characters are escaped."""
    valid = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in valid)


def _open_source(source: str, list_folder: ListFolder) -> tuple[Place, list[_Seen]]:
    if "\0" in source or not source:
        raise SetupError(f"source {source!r} is no path; give a file, a folder or a quoted glob")
    path = Path(source)
    if path.is_dir():
        top = path.resolve()
        place = Place(_storable(source), str(top), whole=True)
        entries = list(_walk(top, None, list_folder))
    elif path.exists() or path.is_symlink():
        top = path.parent.resolve()
        place = Place(_storable(source), str(top), whole=False)
        entries = [_Seen(path.name, str(top), str(top / path.name))]
    elif glob.has_magic(source):
        place, entries = _open_glob(source, list_folder)
    else:
        raise SetupError(
            f"source {shown(source)} does not exist; give a local file, a folder or a quoted glob"
        )
    entries = [e for e in entries if e.error or not _is_companion(e.path)]
    if not entries:
        raise SetupError(
            f"source {shown(source)} matches no file that merr could take in; hidden files, "
            "merr's own folders, subtitles and tables are left out: check the path or the pattern"
        )
    return place, sorted(entries, key=lambda e: os.fsencode(e.path))


def _open_glob(source: str, list_folder: ListFolder) -> tuple[Place, list[_Seen]]:
    parts = source.split("/")
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path("/".join(parts[:fixed]) or ("/" if source.startswith("/") else "."))
    if not base.is_dir():
        raise SetupError(f"source {shown(source)}: there is no folder {shown(str(base))}")
    pattern = [part for part in parts[fixed:] if part not in ("", ".")]
    depth = None if "**" in pattern else len(pattern)
    top = base.resolve()
    inside = _walk(top, depth, list_folder)
    entries = [e for e in inside if e.error or _matches(e.path.split("/"), pattern)]
    return Place(_storable(source), str(top), whole=False), entries


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or (bool(parts) and _matches(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _walk(top: Path, depth: int | None, list_folder: ListFolder) -> Iterator[_Seen]:
    """Files at most `depth` levels below; linked folders last, and each real folder once."""
    todo, links, visited = deque([""]), deque[str](), set[str]()
    while todo or links:
        inside = todo.popleft() if todo else links.popleft()
        folder = top / inside
        real = str(folder.resolve())
        if real in visited:
            continue
        visited.add(real)
        try:
            entries = list(list_folder(str(folder)))
        except OSError as e:
            yield _Seen(inside or ".", real, str(folder), e)
            continue
        deeper = depth is None or len(Path(inside).parts) + 1 < depth
        for entry in _not_hidden(entries):
            path = f"{inside}/{entry.name}" if inside else entry.name
            if not _is_folder(entry):
                yield _Seen(path, real, str(folder / entry.name))
            elif deeper:
                (links if entry.is_symlink() else todo).append(path)


def _not_hidden(entries: "list[os.DirEntry[str]]") -> "list[os.DirEntry[str]]":
    """Nothing of a work folder or a release. A manifest.json alone may be the user's own."""
    names = {entry.name for entry in entries}
    if names & WORK_MARKS or ("manifest.json" in names and names & RELEASE_TABLES):
        return []
    return [entry for entry in entries if not entry.name.startswith(".")]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that points at itself
        return False


def _is_companion(path: str) -> bool:
    """Tables count only at the top of a source, where they are read."""
    return Path(path).suffix.lower() in COMPANION_SUFFIXES or path.lower() in COMPANION_TABLES


def _row(entry: _Seen, source: str) -> SourceFile | Failure | None:
    """None: a broken link or a device of no known kind, which is no file at all."""
    if entry.error is not None:
        return _failure(entry, entry.error)
    kind = kind_of(entry.path)
    try:
        info = Path(entry.location).stat()
        _refuse_strange(info.st_mode, entry.location if kind != "other" else "")
    except (OSError, ClipError) as e:
        return _failure(entry, e) if kind != "other" else None
    return SourceFile(
        path=_storable(entry.path),
        source=_storable(source),
        location=_storable(entry.location),
        kind=kind,
        size_bytes=info.st_size,
        video_id=None,
    )


def _refuse_strange(mode: int, location: str) -> None:
    if not stat.S_ISREG(mode):
        raise ClipError("it is a pipe, a socket or a device, and no file; take it away")
    if not _is_unicode(location):
        raise ClipError("its name is not valid UTF-8, which no table can hold; rename it")


def _failure(entry: _Seen, error: OSError | ClipError) -> Failure:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Failure(
        subject="file",
        id=_storable(entry.path),
        stage=STAGE,
        error=type(error).__name__,
        reason=f"{shown(entry.path)} cannot be taken in: {reason}",
        retryable=isinstance(error, OSError),
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> str:
    return text if _is_unicode(text) else shown(text)
