"""An OpenFace that somebody installed: its program, its models, and what tells it from others."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import SetupError

PROGRAM: Final = "FeatureExtraction"
# Landmark models of a stock install, the best first.
MODELS: Final = ("main_ceclm_general.txt", "main_clnf_general.txt", "main_clm_general.txt")
REMEDY: Final = "see docs/engines/openface.md"
# Where the models lie, seen from the program: beside it (the build's bin/), or installed by cmake.
_MODEL_FOLDERS: Final = ("model", "../model", "../etc/OpenFace/model", "../../model")


@dataclass(frozen=True)
class OpenFaceInstall:
    binary: Path
    model: Path  # the landmark model that -mloc names
    identity: str  # of program and models: FeatureExtraction itself tells no version


def inspect_openface(binary: Path, model: str | None = None) -> OpenFaceInstall:
    """What is installed there; `model` names another landmark model than the best.

    Program and landmark model are told apart by their bytes, the patch experts and AU predictors,
    up to a gigabyte, by names and sizes. SetupError where something is missing.
    """
    if not (binary.is_file() and os.access(binary, os.X_OK)):
        raise SetupError(f"openface: {binary} is no program that can be run; {REMEDY}")
    found = find_model(binary, model)
    program = hashlib.sha256(binary.read_bytes()).hexdigest()[:12]
    models = _digest(found)[:12]
    return OpenFaceInstall(binary, found, f"{PROGRAM}@{program} {found.name}@{models}")


def find_model(binary: Path, model: str | None = None) -> Path:
    """Path of the landmark model; SetupError without one."""
    folders = [binary.parent / folder for folder in _MODEL_FOLDERS]
    for name in (model,) if model else MODELS:
        for folder in folders:
            if (folder / name).is_file():
                return (folder / name).resolve()
    wanted = model or " or ".join(MODELS)
    raise SetupError(f"openface: there is no model/{wanted} beside {binary}; {REMEDY}")


def _digest(model: Path) -> str:
    folders = (model.parent, model.parent.parent / "AU_predictors")
    listed = sorted(
        (path.relative_to(model.parent.parent).as_posix(), path.stat().st_size)
        for folder in folders
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.is_file()
    )
    told = json.dumps([listed, model.read_text("utf-8", errors="replace")])
    return hashlib.sha256(told.encode()).hexdigest()
