"""The secret that cookies' tokens and addresses of media are signed with."""

import os
import secrets
from pathlib import Path
from typing import Final

from schemas.errors import SetupError

BYTES: Final = 32


def read_secret(path: Path) -> bytes:
    """Made at first start, from the system's randomness; readable to its owner alone. SetupError
    for a file that others may read or that is cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _checked(path)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(BYTES))
        file.flush()
        os.fsync(file.fileno())
    return _checked(path)


def _checked(path: Path) -> bytes:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SetupError(
            f"{path}: may be read by others (mode {mode:o}, expected 600); remove it, and the next "
            "start makes a new one (everybody logs in again)"
        )
    found = path.read_bytes()
    if len(found) != BYTES:
        raise SetupError(f"{path}: holds {len(found)} bytes, expected {BYTES}; remove it")
    return found
