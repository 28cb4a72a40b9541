"""A clip of a data set of others, and what its readers share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from schemas.errors import SetupError
from schemas.label import Vocabulary
from schemas.units import Row
from trainer.tables import Line, read_lines

# Where one clip lies there in two forms the first is taken, as Emotion-LLaMA does.
VIDEO_SUFFIXES: Final = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".flv", ".m4v")


class BenchmarkClip(Row):
    name: str  # as the data set calls it, without suffix
    video: str | None  # its file; None: there is none where it was looked for
    label: str  # of the label set; a list of words; or a description
    text: str | None  # what is said; None: the data set does not tell


Labelling = Callable[[str], str | None]  # a cell -> the label; None: it is none


def first_existing(folder: Path, names: Sequence[str], what: str) -> Path:
    """SetupError where none of the files or folders is there."""
    _check_folder(folder)
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise SetupError(f"{folder}: no {what} there; looked for {', '.join(names)}")


def labelled(
    path: Path,
    name_column: str,
    label_column: str,
    labelling: Labelling,
    renamed: Mapping[str, str],
) -> dict[str, str]:
    """Label by name. SetupError for a line without name or label, a label that is none, and for a
    name with two labels."""
    found: dict[str, str] = {}
    for line in read_lines(path, needed=(name_column, label_column), renamed=renamed):
        name, cell = _cell(path, line, name_column), _cell(path, line, label_column)
        label = labelling(cell)
        if label is None:
            raise SetupError(
                f"{path}, line {line.number}: column {label_column} holds {cell[:60]!r}, which is "
                "no label of this data set"
            )
        if found.setdefault(name, label) != label:
            raise SetupError(
                f"{path}, line {line.number}: {name!r} is {label!r} here and {found[name]!r} above"
            )
    if not found:
        raise SetupError(f"{path}: has no line below its header")
    return found


def texts(
    path: Path | None, name_column: str, columns: Sequence[str], renamed: Mapping[str, str]
) -> dict[str, str]:
    """What is said, by name, of the first of `columns` that is filled. Empty without a file."""
    if path is None:
        return {}
    found: dict[str, str] = {}
    for line in read_lines(path, needed=(name_column,), renamed=renamed):
        said = next((line.values[column] for column in columns if column in line.values), None)
        if said is not None:
            found.setdefault(_cell(path, line, name_column), " ".join(str(said).split()))
    return found


def videos_in(folder: Path | None) -> dict[str, str]:
    """Video files by name without suffix, in the folder and below. SetupError where a name is in
    two folders. Empty without a folder."""
    if folder is None:
        return {}
    _check_folder(folder)
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*"), key=_suffix_rank):
        if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
            other = found.setdefault(path.stem, path)
            if other.parent != path.parent:
                raise SetupError(f"{folder}: {path.stem} is there twice: {other} and {path}")
    return {name: str(path) for name, path in found.items()}


def clips_of(
    labels: Mapping[str, str], videos: Mapping[str, str], said: Mapping[str, str]
) -> tuple[BenchmarkClip, ...]:
    """In the order of the labels."""
    return tuple(
        BenchmarkClip(name=name, video=videos.get(name), label=label, text=said.get(name))
        for name, label in labels.items()
    )


def optional(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def word_of(vocabulary: Vocabulary) -> Labelling:
    return vocabulary.canonical


def _cell(path: Path, line: Line, column: str) -> str:
    value: Any = line.values.get(column)
    if value is None or not str(value).strip():
        raise SetupError(f"{path}, line {line.number}: column {column} is empty")
    return str(value).strip()


def _suffix_rank(path: Path) -> tuple[int, str]:
    suffix = path.suffix.lower()
    rank = VIDEO_SUFFIXES.index(suffix) if suffix in VIDEO_SUFFIXES else len(VIDEO_SUFFIXES)
    return rank, str(path)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise SetupError(f"{folder}: there is no such folder")
