"""A PostgreSQL server of our own: a fresh folder, a socket in it, no network, no password."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USER = "postgres"


def server_programs() -> Path | None:
    """Where Debian keeps initdb and postgres. None: not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of a running server with an empty database."""
    programs = server_programs()
    assert programs is not None
    data = folder / "data"
    data.mkdir()
    as_user = _become_user(folder)
    quiet = {"check": True, "stdout": subprocess.DEVNULL, **as_user}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "--no-sync"], **quiet
    )
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_user,
    )
    try:
        _wait(programs, folder)
        yield f"postgresql:///postgres?host={folder}&user={_USER}"
    finally:
        server.terminate()
        server.wait(30)


def _become_user(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root; Debian's package brings a user for it."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(_USER)
    for path in (folder, folder / "data"):
        shutil.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "cwd": folder, "extra_groups": []}


def _wait(programs: Path, folder: Path) -> None:
    for _ in range(300):
        ready = subprocess.run(
            [programs / "pg_isready", "-h", folder], stdout=subprocess.DEVNULL, check=False
        )
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise TimeoutError("PostgreSQL did not start")
