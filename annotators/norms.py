"""Which norms the words for a voice rest on: the published ones, or those of a corpus."""

import hashlib
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.errors import SetupError
from schemas.norms import LEVELS, NORMS_VERSION, ClassNorm, Norms

PUBLISHED: Final = "published"  # the limits of phrases/tone.toml, each with its source


def load_norms(name_or_path: str, *, engine: str) -> Norms | None:
    """Norms out of a file of `merr norms`; None for the published ones.

    SetupError where there is no such file, where it is damaged, and where another engine measured
    what they were computed from.
    """
    if name_or_path == PUBLISHED:
        return None
    path = Path(name_or_path)
    if not path.is_file():
        raise SetupError(
            f"tone.norms: no norms {name_or_path!r}: give {PUBLISHED!r}, or a file that "
            "`merr norms WORK --out FILE` wrote"
        )
    norms = _read(path)
    if norms.engine != engine:
        raise SetupError(
            f"{path}: norms of what {norms.engine} measured, and tone.engine is {engine}; "
            "take norms of the same engine"
        )
    return norms


def norms_name(norms: Norms | None) -> str:
    """What a row calls them, e.g. "prosody of 412 clips"."""
    return PUBLISHED if norms is None else f"{norms.engine} of {norms.classes[0].clips} clips"


def norms_digest(norms: Norms | None) -> str:
    """sha256 of the file they stand in, for Maker.prompt."""
    return _published_digest() if norms is None else norms.digest


@cache
def _published_digest() -> str:
    content = (files("annotators") / "phrases" / "tone.toml").read_bytes()
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> Norms:
    try:
        norms = Norms.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as e:
        why = str(e).replace("\n", " ")
        raise SetupError(
            f"{path}: is no file of norms in layout {NORMS_VERSION} ({why[:200]}); "
            "write it again with `merr norms`"
        ) from e
    fault = _fault(norms)
    if fault:
        raise SetupError(f"{path}: {fault}; write it again with `merr norms`")
    return norms


def _fault(norms: Norms) -> str | None:
    if norms.levels != LEVELS:
        return f"its quantiles are at {norms.levels}, expected {LEVELS}"
    if not norms.classes or norms.classes[0].name != "all":
        return 'its first class is not "all"'
    return next((fault for c in norms.classes if (fault := _class_fault(c))), None)


def _class_fault(norm: ClassNorm) -> str | None:
    for told in norm.measures:
        rising = all(a <= b for a, b in pairwise(told.quantiles))
        if len(told.quantiles) != len(LEVELS) or not rising:
            return f"{told.measure} of class {norm.name} has no {len(LEVELS)} rising quantiles"
    return None
