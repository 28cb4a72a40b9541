"""Keys out of the keyring of the system, by the package `keyring`, which is an extra."""

from pydantic import SecretStr

from schemas.errors import SetupError


def key_in_ring(entry: str) -> SecretStr | None:
    """The key kept as SERVICE/USER. None: the keyring has none of this name.

    SetupError where the entry names no user, the package is not here, or the keyring is locked or
    missing. What the keyring says of it is not passed on: it might quote the key.
    """
    service, _, user = entry.rpartition("/")
    if not service or not user:
        raise SetupError(f"keyring {entry}: expected SERVICE/USER, e.g. merr/openai")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        raise SetupError(
            f"keyring {entry}: the package keyring is not here: pip install 'merr[keyring]'"
        ) from None
    try:
        found = keyring.get_password(service, user)
    except KeyringError as e:
        raise SetupError(
            f"keyring {entry}: cannot be read ({type(e).__name__}); unlock it, or put the key into "
            "an environment variable named by key_env"
        ) from None
    key = (found or "").strip()
    return SecretStr(key) if key else None
