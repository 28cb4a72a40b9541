"""Who opens what: watched by the kernel, by a listener, and from inside every Python process."""

import ctypes
import os
import socket
import struct
from pathlib import Path
from typing import Final

IN_OPEN: Final = 0x20  # inotify(7)
SPY: Final = "MERR_TEST_SPY"
HOOK: Final = f"""
import os, sys
log = os.open(os.environ[{SPY!r}], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def hear(event, arguments):
    if event == "open" or event.startswith(("socket.connect", "socket.getaddrinfo", "urllib")):
        what = arguments[0] if event == "open" else arguments
        os.write(log, f"{{os.getpid()}} {{event}} {{what}}\\n".encode("utf-8", "replace"))
sys.addaudithook(hear)
"""


class OpenWatch:
    """Counts how often a file is opened, by whatever process and in whatever language.

    Raises OSError where the system has no inotify.
    """

    def __init__(self, path: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._checked(self._libc.inotify_init1(os.O_NONBLOCK))
        self._checked(self._libc.inotify_add_watch(self._file, os.fsencode(path), IN_OPEN))

    def _checked(self, answer: int) -> int:
        if answer < 0:
            raise OSError(ctypes.get_errno(), "no inotify here")
        return answer

    def opened(self) -> int:
        """Since it was asked last."""
        try:
            events = os.read(self._file, 65536)
        except BlockingIOError:
            return 0
        return len(events) // struct.calcsize("iIII")

    def close(self) -> None:
        os.close(self._file)


class Listener:
    """A port on the loopback, and whether anybody came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def visited(self) -> bool:
        try:
            visitor, _ = self._socket.accept()
        except BlockingIOError:
            return False
        visitor.close()
        return True

    def close(self) -> None:
        self._socket.close()


def spied_environment(folder: Path) -> dict[str, str]:
    """An environment in which every Python process writes what it opens to `folder`/spied."""
    (folder / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join((str(folder), str(Path(__file__).parents[2])))
    return {**os.environ, "PYTHONPATH": path, SPY: str(folder / "spied")}


def spied(folder: Path) -> list[tuple[int, str, str]]:
    """(process, event, the file that was opened or the address that was called)."""
    lines = (folder / "spied").read_text("utf-8").splitlines()
    parts = [line.split(" ", 2) for line in lines]
    return [(int(process), event, what) for process, event, what in parts]
