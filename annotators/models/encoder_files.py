"""Which files an encoder is: a folder, or what the user's Hugging Face cache holds."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.errors import SetupError

CONFIG: Final = "config.json"
PROCESSOR: Final = "preprocessor_config.json"
# The forms of weights that transformers writes, the first found is taken, as transformers does.
_FORMS: Final = ("model.safetensors", "pytorch_model.bin")
DigestOf = Callable[[Path], str]


@dataclass(frozen=True)
class EncoderFiles:
    folder: Path
    name: str  # id on the hub, or the last part of the folder's name
    sha256: str  # of configuration and weights: all that decides its outputs

    @property
    def config(self) -> dict[str, Any]:
        return read_config(self.folder / CONFIG)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_encoder(
    model: str,
    *,
    engine: str,
    prefix: str = "",
    processor: bool = True,
    cache: Path | None = None,
    digest_of: DigestOf = sha256_of,
) -> EncoderFiles:
    """A folder as it is; an id out of the cache of the hub, never from the network.

    `prefix`: only files with a tensor so named count. `processor`: whether the encoder reads the
    description of its inputs. `cache`: where it is, None for the user's own. `digest_of`: for who
    remembers digests; weights are gigabytes. SetupError where it is not there or not whole.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _files(folder.resolve(), folder.resolve().name, engine, prefix, processor, digest_of)
    found = _cached(_checked_id(model, engine), engine, cache)
    return _files(found, model, engine, prefix, processor, digest_of)


def fetch_encoder(model: str, *, engine: str, prefix: str = "") -> Path:
    """Where its files lie, fetched from the hub where they are not in the cache: descriptions,
    then only the weights that are read. Raises SetupError."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    repository = _checked_id(model, engine)
    found = _cached(repository, engine, None, fetch=["*.json"])
    for form in _FORMS:
        index = found / f"{form}.index.json"
        wanted = _shards(index, prefix) if index.is_file() else [form]
        found = _cached(repository, engine, None, fetch=[*wanted, "*.json"])
        if all((found / name).is_file() for name in wanted):
            return found
    raise SetupError(f"{engine}: {repository} has no weights that transformers reads")


def weight_files(folder: Path, engine: str, prefix: str = "") -> list[Path]:
    """Files that hold tensors whose names begin with the prefix. SetupError where one lacks."""
    for form in _FORMS:
        index = folder / f"{form}.index.json"
        if index.is_file():
            return _there(folder, _shards(index, prefix), engine)
        if (folder / form).is_file():
            return [folder / form]
    raise SetupError(f"{engine}: {folder.name} holds neither {' nor '.join(_FORMS)}")


def read_config(path: Path) -> dict[str, Any]:
    """SetupError where it is no JSON object."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise SetupError(f"{path}: cannot be read: {str(e).splitlines()[0]}") from e
    if not isinstance(found, dict):
        raise SetupError(f"{path}: holds no JSON object")
    return found


def _shards(index: Path, prefix: str) -> list[str]:
    """Those with a tensor so named; all, where no tensor is: then they hold nothing else."""
    shards: dict[str, str] = read_config(index).get("weight_map", {})
    named = {file for name, file in shards.items() if name.startswith(prefix)}
    return sorted(named or set(shards.values()))


def _there(folder: Path, names: list[str], engine: str) -> list[Path]:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        told = ", ".join(missing) or "any weight of this encoder"
        raise SetupError(f"{engine}: {folder.name} is not whole, it lacks {told}; fetch it again")
    return [folder / name for name in names]


def _checked_id(model: str, engine: str) -> str:
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise SetupError(f"{engine}: {model} is no folder and no id like owner/name")
    return model


def _cached(
    repository: str, engine: str, cache: Path | None, *, fetch: list[str] | None = None
) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )
    except ImportError as e:
        raise SetupError(missing_extra(engine)) from e
    try:
        found = snapshot_download(
            repository,
            cache_dir=cache,
            local_files_only=fetch is None,
            allow_patterns=fetch,
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as e:
        why = "cannot be fetched" if fetch else "is not in the cache of the hub"
        raise SetupError(f"{engine}: model {repository} {why}; {_remedy(engine)}") from e
    except HFValidationError as e:
        raise SetupError(f"{engine}: {repository} is no id of a model") from e
    return Path(found)


def missing_extra(engine: str) -> str:
    return (
        f"{engine}: torch and transformers are not installed; run "
        "`pip install -c constraints.txt -e '.[train]'`"
    )


def _remedy(engine: str) -> str:
    return (
        f"where there is a network run `merr engines install {engine}`, or copy its files into a "
        "folder and set the model to it"
    )


def _files(
    folder: Path, name: str, engine: str, prefix: str, processor: bool, digest_of: DigestOf
) -> EncoderFiles:
    needed = [CONFIG, *([PROCESSOR] if processor else [])]
    missing = [file for file in needed if not (folder / file).is_file()]
    if missing:
        raise SetupError(f"{engine}: {name} has no {', '.join(missing)}; fetch it again")
    whole = hashlib.sha256()
    for path in (*(folder / file for file in needed), *weight_files(folder, engine, prefix)):
        whole.update(f"{path.name} {digest_of(path)}\n".encode())
    return EncoderFiles(folder, name, whole.hexdigest())
