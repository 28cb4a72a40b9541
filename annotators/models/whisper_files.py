"""Which files a Whisper model is: a folder, or what the user's Hugging Face cache holds."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from schemas.errors import SetupError

INSTALL_COMMAND: Final = "merr engines install faster-whisper"
NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
_DECIDING: Final = (*NEEDED, "preprocessor_config.json", "vocabulary.json", "vocabulary.txt")

# The names that faster-whisper 1.2.1 has for models of its own makers; a test holds it to them.
_SIZES: Final = (
    "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en", "large-v1",
    "large-v2", "large-v3",
)  # fmt: skip
HUB_IDS: Final = {size: f"Systran/faster-whisper-{size}" for size in _SIZES}


@dataclass(frozen=True)
class WhisperFiles:
    folder: Path
    name: str  # id on the hub, or the last part of the folder's name
    sha256: str  # of all that decides its words

    @property
    def text(self) -> str:
        """For Maker.model and keys; says nothing of where the folder lies."""
        return f"{self.name} sha256:{self.sha256[:16]}"


def find_whisper(model: str, *, cache: Path | None = None) -> WhisperFiles:
    """A folder as it is; a name or id out of the cache of the hub, never from the network.

    `cache`: where it is, None for the user's own. SetupError, with the
    remedy, where it is not there or not whole.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _files(folder.resolve(), folder.resolve().name)
    repository = HUB_IDS.get(model, model)
    if repository.count("/") != 1 or repository.startswith((".", "/", "~")):
        raise SetupError(
            f"faster-whisper: {model} is no folder, no id like owner/name and none of "
            f"{', '.join(_SIZES)}"
        )
    return _files(_cached(repository, cache), repository)


def fetch_whisper(model: str) -> WhisperFiles:
    """The same, fetched from the hub where it is not in the cache yet. Raises SetupError."""
    if Path(model).expanduser().is_dir():
        return find_whisper(model)
    repository = HUB_IDS.get(model, model)
    _cached(repository, None, fetch=True)
    return find_whisper(model)


def _cached(repository: str, cache: Path | None, *, fetch: bool = False) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )
    except ImportError as e:
        raise SetupError(f"faster-whisper is not installed; run `{INSTALL_COMMAND}`") from e
    try:
        found = snapshot_download(
            repository,
            cache_dir=cache,
            local_files_only=not fetch,
            allow_patterns=list(_DECIDING),
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as e:
        why = "cannot be fetched" if fetch else "is not in the cache of the hub"
        raise SetupError(f"faster-whisper: model {repository} {why}; {_remedy(repository)}") from e
    except HFValidationError as e:
        raise SetupError(f"faster-whisper: {repository} is no id of a model") from e
    return Path(found)


def _remedy(repository: str) -> str:
    return (
        f"where there is a network run `{INSTALL_COMMAND}`, or copy the files of "
        f"{repository} into a folder and set speech.faster_whisper.model to it"
    )


@cache
def _files(folder: Path, name: str) -> WhisperFiles:
    """Read once in a process: gigabytes. Without tokenizer.json the library would go online."""
    missing = [file for file in NEEDED if not (folder / file).is_file()]
    if missing:
        raise SetupError(
            f"faster-whisper: model {name} has no {', '.join(missing)}; it takes a Whisper "
            "that was converted for CTranslate2, tokenizer.json included"
        )
    whole = hashlib.sha256()
    for file in _DECIDING:
        if (folder / file).is_file():
            with (folder / file).open("rb") as stream:
                whole.update(f"{file}\n".encode() + hashlib.file_digest(stream, "sha256").digest())
    return WhisperFiles(folder, name, whole.hexdigest())
