"""A keyring that lives in memory, as the package `keyring` wants one; no patching.

In a process of its own: PYTHON_KEYRING_BACKEND=tests.flows.memory_ring.MemoryRing
"""

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

KEY = "sk-in-the-ring-0123456789"


class MemoryRing(KeyringBackend):
    """Holds KEY for merr/stand-in; `locked` refuses as the real ones do."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept = {("merr", "stand-in"): KEY}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked(f"locked, with {KEY} inside")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("no such entry")
