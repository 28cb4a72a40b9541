"""The Prefect API of one build: a process that ends with the build, however the build ends."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from flows.prefect_state import keep_database, lend_database, own_database
from schemas.errors import SetupError

START_S: Final = 180.0  # a busy machine takes long to import Prefect's server
STOP_S: Final = 5.0
_ROOM_MB: Final = 6  # of a fresh database of Prefect 3.8
_HERE: Final = "127.0.0.1"


@contextmanager
def prefect_api(log: Path) -> Iterator[None]:
    """Within it Prefect talks to a server of ours; to the user's, where he has configured one.

    Prefect would start a temporary server itself, but that one lives on when the build is killed,
    holding 200 MB, the terminal and the database of its runs.
    """
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
        temporary_settings,
    )

    if PREFECT_API_URL.value():
        _check_answers(str(PREFECT_API_URL.value()))
        yield
        return
    database = own_database()
    if database:
        lend_database(database)
    with _started(log) as url:
        if database:
            keep_database(database)
        ours = {PREFECT_API_URL: url, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False}
        with temporary_settings(ours):
            yield


def _check_answers(url: str) -> None:
    """SetupError unless the user's server is there."""
    import httpx

    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=20).raise_for_status()
    except httpx.HTTPError as e:
        raise SetupError(
            f"PREFECT_API_URL {url}: no Prefect server answers there ({e}); start it, or unset "
            "the variable and merr starts one of its own"
        ) from e


@contextmanager
def _started(log: Path) -> Iterator[str]:
    """Address of a server that answers. SetupError when it does not come up."""
    with socket.create_server((_HERE, 0)) as listening, log.open("ab") as output:
        port: int = listening.getsockname()[1]
        process = subprocess.Popen(  # noqa: S603  our own module, no shell
            [sys.executable, "-P", "-m", "flows.prefect_api", str(listening.fileno())],
            pass_fds=(listening.fileno(),),
            stdin=subprocess.PIPE,  # its end tells the server that we are gone
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C at the terminal is the build's to handle
        )
    ready = False
    try:
        _wait_for(port, log)
        ready = True
        yield f"http://{_HERE}:{port}/api"
    finally:
        _stop(process, patience_s=STOP_S if ready else 0)  # it is deaf while it starts


def _wait_for(port: int, log: Path) -> None:
    """The socket listens already: the first answer comes when the server is ready."""
    connection = HTTPConnection(_HERE, port, timeout=START_S)
    try:
        connection.request("GET", "/api/health")
        connection.getresponse().read()
    except (OSError, HTTPException) as e:
        raise SetupError(f"Prefect's server did not start: {_why(log)} ({e})") from e
    finally:
        connection.close()


def _why(log: Path) -> str:
    free_mb = shutil.disk_usage(log.parent).free >> 20
    if free_mb < _ROOM_MB:
        return f"{log.parent} has {free_mb} MB left, it needs {_ROOM_MB} for its state; make room"
    return f"{log} says why"


def _stop(process: "subprocess.Popen[bytes]", *, patience_s: float) -> None:
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def serve(listening: socket.socket) -> None:
    """What the process of the server does."""
    threading.Thread(target=_end_with_build, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True, final=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run([listening])


def _end_with_build() -> None:
    """The pipe to the build closes when the build has ended, by whatever signal."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
