"""Environments of their own for engines whose packages do not resolve beside those of merr."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from schemas.errors import SetupError, TransientError
from schemas.parquet import atomic_path

BUILD_TIMEOUT_S: Final = 3600.0  # torch alone is gigabytes
_CHECK_TIMEOUT_S: Final = 300.0
_MARK: Final = "merr-environment.json"  # written last: an environment without it is not whole


@dataclass(frozen=True)
class SideEnv:
    """What an engine's environment holds."""

    name: str  # of the engine
    requirements: tuple[str, ...]  # as pip takes them, pinned
    module: str  # must import there, or the environment is no good


def engines_folder() -> Path:
    """Inside the environment that runs merr, as its model files are."""
    return Path(sys.prefix) / "share" / "merr" / "engines"


def side_python(env: SideEnv, folder: Path | None = None) -> Path | None:
    """The Python of a whole environment with just these requirements; None without one."""
    home = (folder or engines_folder()) / env.name
    python = home / "bin" / "python"
    try:
        mark = json.loads((home / _MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return python if mark == _mark(env) and python.exists() else None


def build_side_env(env: SideEnv, folder: Path | None = None) -> Path:
    """Its Python; does nothing where the environment is there already.

    Follows the user's pip configuration (index, proxy, cache, constraints). Raises TransientError
    where pip cannot fetch, SetupError where what it fetched does not import. What was begun is
    removed then, so that nothing half built is ever taken for an engine.
    """
    folder = folder or engines_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{env.name}.lock"):
        python = side_python(env, folder)
        if python is not None:
            return python
        home = folder / env.name
        _remove(home)
        try:
            return _built(env, home)
        except BaseException:
            _remove(home)
            raise


def _built(env: SideEnv, home: Path) -> Path:
    python = home / "bin" / "python"
    failed = _ran([sys.executable, "-m", "venv", str(home)], _CHECK_TIMEOUT_S)
    if failed is not None:
        raise SetupError(f"{env.name}: no environment can be made in {home}: {failed}")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    failed = _ran([*pip, *env.requirements], BUILD_TIMEOUT_S)
    if failed is not None:
        raise TransientError(
            f"{env.name}: pip could not install {' '.join(env.requirements)}; check the network "
            f"and pip's configuration, then run `merr engines install {env.name}` again. "
            f"pip said: {failed}"
        )
    failed = _ran([str(python), "-I", "-c", f"import {env.module}"], _CHECK_TIMEOUT_S)
    if failed is not None:
        raise SetupError(f"{env.name}: was installed but {env.module} does not import: {failed}")
    with atomic_path(home / _MARK) as mark:
        mark.write_text(json.dumps(_mark(env)), "utf-8")
    return python


def _ran(command: list[str], timeout_s: float) -> str | None:
    """None where it went well, else the end of what it said."""
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments, no shell
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end after {timeout_s:.0f} s"
    return done.stderr.strip()[-600:] or f"exit code {done.returncode}" if done.returncode else None


def _remove(home: Path) -> None:
    (home / _MARK).unlink(missing_ok=True)  # first: what is left of it is no environment
    if home.exists():
        shutil.rmtree(home)


def _mark(env: SideEnv) -> dict[str, object]:
    return {"requirements": list(env.requirements)}
