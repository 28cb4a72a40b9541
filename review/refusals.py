"""Errors of reviews as HTTP answers: a status, a code for the page, words for people."""

from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from review.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    LeaseLostError,
    MissingError,
    RateLimitError,
)
from review.house import NobodyError
from schemas.errors import MerrError, SetupError, TransientError
from schemas.units import Row

_STATUS: Final[dict[type[MerrError], tuple[int, str]]] = {
    NobodyError: (401, "nobody"),
    InvalidError: (400, "invalid"),
    ForbiddenError: (403, "forbidden"),
    MissingError: (404, "missing"),
    LeaseLostError: (409, "lease_lost"),
    ConflictError: (409, "conflict"),
    RateLimitError: (429, "rate_limit"),
    TransientError: (503, "busy"),
    SetupError: (503, "busy"),
}


class Told(Row):
    """A refusal, for the page and for people."""

    code: str
    message: str


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Told} for status in (400, 401, 403, 404, 409, 413, 421, 429, 503)
}


def refuse(app: FastAPI) -> None:
    """Whatever else is raised is a fault of ours: 500, without its text."""
    for kind in _STATUS:
        app.add_exception_handler(kind, _answer)


def _answer(_: Request, error: Exception) -> Response:
    status, code = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return JSONResponse({"code": code, "message": str(error)}, status)
