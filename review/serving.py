"""Runs the page's server on a work folder."""

from collections.abc import Sequence
from typing import Final

import uvicorn

from pipeline.layout import WorkFolder
from review.app import make_app
from review.house import GUIDELINES, House
from review.media_folder import MediaFolder, review_folder
from review.secret import read_secret
from review.store import ReviewStore
from review.turns import Turns

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_PATIENCE_S: Final = 10  # for requests under way, when the server is asked to end


def open_house(work: WorkFolder, store: ReviewStore) -> House:
    folder = review_folder(work)
    return House(
        store=store,
        turns=Turns(store),
        media=MediaFolder.of(work),
        secret=read_secret(folder / "secret"),
        guidelines=folder / GUIDELINES,
    )


def make_server(house: House, *, host: str, port: int, names: Sequence[str] = ()) -> uvicorn.Server:
    """`names`: what the server may be called by, beside its host and the names of loopback."""
    spelt = f"[{host}]" if ":" in host else host
    app = make_app(house, names=(*LOOPBACK, spelt, *names))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,  # addresses of media and people's paths are nobody's business
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    return uvicorn.Server(config)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")
