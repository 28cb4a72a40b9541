"""Engines whose packages are an extra: pip installs them beside merr, after their terms."""

import subprocess
import sys
from importlib.util import find_spec
from typing import Final

from annotators.models.egemaps import REQUIREMENT
from schemas.engine import engines
from schemas.errors import SetupError, TransientError

EXTRAS: Final = {"egemaps": REQUIREMENT}  # engine -> what pip installs
INSTALL_TIMEOUT_S: Final = 1800.0


def install_extra(name: str) -> str:
    """Install what an engine needs into this environment, and say so.

    Follows the user's pip configuration. TransientError where pip cannot install it, SetupError
    where there is no pip.
    """
    requirement = EXTRAS[name]
    sys.stderr.write(terms_text(name))
    if find_spec("pip") is None:
        raise SetupError(
            f"{name}: this Python has no pip; run `python -m ensurepip`, or install {requirement} "
            "by what made this environment"
        )
    command = [sys.executable, "-m", "pip", "install", "--quiet"]
    command += ["--disable-pip-version-check", requirement]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise TransientError(
            f"{name}: pip did not install {requirement} in {INSTALL_TIMEOUT_S:.0f} s"
        ) from e
    if done.returncode:
        raise TransientError(
            f"{name}: pip could not install {requirement}; check the network and pip's "
            f"configuration. pip said: {done.stderr.strip()[-500:]}"
        )
    return f"{name}: {requirement} is installed"


def terms_text(name: str) -> str:
    """Licence and terms of an engine, for who is about to install it."""
    engine = engines()[name]
    return f"{name}: {engine.licence}\n{engine.terms}\n" if engine.terms else ""


def need_review() -> None:
    """SetupError where the packages of the extra `review` are not here."""
    missing = [name for name in ("alembic", "argon2") if find_spec(name) is None]
    if missing:
        raise SetupError(
            f"merr review: {' and '.join(missing)} not here; install what it needs with "
            "pip install 'merr[review]' (in a clone: pip install -e '.[review]')"
        )
