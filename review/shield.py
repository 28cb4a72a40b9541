"""What stands before every route: whose name was called, how long a body is, whether a change was
meant, and what browsers may do with what they get."""

import hmac
from collections.abc import Awaitable, Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.tokens import SESSION, VISIT, csrf_token

MOST_BODY: Final = 256 * 1024  # bytes; the longest text and note in JSON's longest spelling fit
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_PAGES: Final = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        b"media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}
# Media are looked at, never run: not even as a document of their own.
_OF_MEDIA: Final = _OF_PAGES | {b"content-security-policy": b"default-src 'none'; sandbox"}


class Shield:
    """Wraps the whole application: no route can be added that goes around it."""

    def __init__(self, app: ASGIApp, *, secret: bytes, names: Iterable[str]) -> None:
        self._app = app
        self._secret = secret
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope["method"], headers)
        if refused is not None:
            await refused(scope, receive, _with_headers(scope, send))
            return
        body = await _read(receive, headers)
        if body is None:
            await _no(413, "too_large", "the request is too large")(
                scope, receive, _with_headers(scope, send)
            )
            return
        await self._app(scope, _replay(body, receive), _with_headers(scope, send))

    def _refused(self, method: str, headers: Headers) -> JSONResponse | None:
        """A name that is not ours is how another page reaches a server on this machine (DNS
        rebinding)."""
        if _host(headers.get("host", "")) not in self._names:
            return _no(421, "host", "this server is not called by that name; see --name")
        if method in _SAFE:
            return None
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none"):
            return _no(403, "csrf", "a change must come from this page")
        if not self._is_meant(headers):
            return _no(403, "csrf", "the page is out of date: load it again")
        return None

    def _is_meant(self, headers: Headers) -> bool:
        cookies = cookies_of(headers)
        bound = cookies.get(SESSION) or cookies.get(VISIT)
        if bound is None:
            return False
        expected = csrf_token(self._secret, bound).encode()
        return hmac.compare_digest(headers.get("x-csrf-token", "").encode(), expected)


def cookies_of(headers: Headers) -> dict[str, str]:
    try:
        return {k: m.value for k, m in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _host(header: str) -> str:
    """Without its port: "[::1]:80" -> "[::1]"."""
    name, _, port = header.rpartition(":")
    return (name if port.isdigit() and name else header).lower()


async def _read(receive: Receive, headers: Headers) -> bytes | None:
    """The body; None where it is longer than it may be, however its length was declared."""
    declared = headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > MOST_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(scope: Scope, send: Send) -> Send:
    ours = _OF_MEDIA if scope["path"].startswith("/media/") else _OF_PAGES

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            routes = [kept for kept in message["headers"] if kept[0] not in _OF_PAGES]
            own = {name for name, _ in routes}
            stored = () if b"cache-control" in own else ((b"cache-control", b"no-store"),)
            message["headers"] = [*routes, *ours.items(), *stored]
        await send(message)

    return told


def _no(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status)
