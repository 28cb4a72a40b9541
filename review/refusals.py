"""Errors of reviews as HTTP answers: a status, a code for the page, words for people."""

from typing import Final

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
from schemas.errors import MerrError, TransientError

_STATUS: Final[dict[type[MerrError], tuple[int, str]]] = {
    NobodyError: (401, "nobody"),
    InvalidError: (400, "invalid"),
    ForbiddenError: (403, "forbidden"),
    MissingError: (404, "missing"),
    LeaseLostError: (409, "lease_lost"),
    ConflictError: (409, "conflict"),
    RateLimitError: (429, "rate_limit"),
    TransientError: (503, "busy"),
}


def refuse(app: FastAPI) -> None:
    """Whatever else is raised is a fault of ours: 500, without its text."""
    for kind in _STATUS:
        app.add_exception_handler(kind, _answer)


def _answer(_: Request, error: Exception) -> Response:
    status, code = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return JSONResponse({"code": code, "message": str(error)}, status)
