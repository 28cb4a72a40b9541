"""What faster-whisper needs: the packages of the extra `asr`, and the model of the settings."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

from annotators.models.whisper_files import INSTALL_COMMAND, fetch_whisper
from schemas.errors import SetupError, TransientError

REQUIREMENTS: Final = ("faster-whisper>=1.2.1,<2", "jiwer>=4,<5")  # as in pyproject.toml
_PACKAGES: Final = ("faster-whisper", "jiwer")
_INSTALL_S: Final = 1800.0


def install_whisper(model: str) -> str:
    """Follows the user's pip configuration. TransientError where pip cannot install, SetupError
    where there is no pip, or where the model cannot be had."""
    if any(installed(package) is None for package in _PACKAGES):
        _pip_install()
    files = fetch_whisper(model)
    return f"faster-whisper: {installed('faster-whisper')}; model {files.name} is in {files.folder}"


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _pip_install() -> None:
    if find_spec("pip") is None:
        raise SetupError(
            "faster-whisper: this Python has no pip; run `python -m ensurepip`, then "
            f"`{INSTALL_COMMAND}`"
        )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments
            [*command, *REQUIREMENTS],
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired as e:
        raise TransientError(f"faster-whisper: pip was not done in {_INSTALL_S:.0f} s") from e
    if done.returncode:
        raise TransientError(
            f"faster-whisper: pip could not install {' '.join(REQUIREMENTS)}; check the network "
            f"and pip's configuration. pip said: {done.stderr.strip()[-500:]}"
        )
