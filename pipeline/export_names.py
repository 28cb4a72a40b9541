"""Names for clips in files of others: one word each, unique, and never taken for a number."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pipeline.sources import FILMS, STILLS

# What pandas reads as a missing cell: a clip or a sentence of this spelling would be lost.
MISSING_CELLS: Final = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)


@dataclass(frozen=True)
class Named:
    """A clip of a release, as far as its name asks for it."""

    clip_id: str
    name: str  # of its file, or as an imported set declares it
    declared: bool
    start_us: int | None
    end_us: int | None


def export_names(clips: Iterable[Named]) -> dict[str, str]:
    """clip_id -> name. The name of the file without suffix; with the span in milliseconds where a
    film has several clips; with the start of the clip_id where names are still the same."""
    ordered = sorted(clips, key=lambda clip: clip.clip_id)
    stems = {clip.clip_id: _stem(clip) for clip in ordered}
    several = {stem for stem, count in Counter(stems.values()).items() if count > 1}
    spanned = {
        clip.clip_id: stem + _span(clip) if (stem := stems[clip.clip_id]) in several else stem
        for clip in ordered
    }
    taken = Counter(spanned.values())
    return {i: name if taken[name] == 1 else f"{name}_{i[:12]}" for i, name in spanned.items()}


def _stem(clip: Named) -> str:
    path = PurePosixPath(clip.name)
    media = not clip.declared and path.suffix.lower() in FILMS | STILLS
    name = str(path.with_suffix("")) if media else clip.name
    word = "".join(c if c.isprintable() and not c.isspace() else "_" for c in name)
    return f"clip_{word}" if word in MISSING_CELLS or _is_number(word) else word


def _is_number(word: str) -> bool:
    """A column of such names would be read as numbers, and no name be found again."""
    try:
        float(word)
    except ValueError:
        return re.fullmatch(r"(?i:true|false)", word) is not None
    return True


def _span(clip: Named) -> str:
    if clip.start_us is None or clip.end_us is None:
        return ""
    return f"_{clip.start_us // 1000:08d}_{clip.end_us // 1000:08d}"
