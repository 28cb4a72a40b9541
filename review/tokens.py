"""Cookies by name, and the token that says a change was meant by the page."""

import hashlib
import hmac
from typing import Final

SESSION: Final = "merr_session"  # who somebody is
VISIT: Final = "merr_visit"  # a browser before it is somebody


def csrf_token(secret: bytes, bound: str) -> str:
    """Bound to a cookie: another site can have it sent, but cannot read what belongs to it."""
    return hmac.new(secret, b"csrf\0" + bound.encode(), hashlib.sha256).hexdigest()
