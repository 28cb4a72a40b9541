"""Lines from another process of ours, over a pipe, against a clock."""

import os
import selectors
import time
from typing import IO, Final

from schemas.errors import SetupError

MOST_BYTES: Final = 256 << 20  # of one line; stills and a track of 30 s are a few MB
_READ_BYTES: Final = 1 << 20


def read_line(pipe: IO[bytes], *, deadline_s: float) -> bytes:
    """With its end. TimeoutError when it does not come in time, EOFError when the other side closed
    the pipe, BufferError for one larger than MOST_BYTES."""
    until = time.monotonic() + deadline_s
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            left_s = until - time.monotonic()
            if left_s <= 0 or not selector.select(left_s):
                raise TimeoutError
            chunk = os.read(pipe.fileno(), _READ_BYTES)
            if not chunk:
                raise EOFError
            received += chunk
            if len(received) > MOST_BYTES:
                raise BufferError
    return bytes(received)


def piped(pipe: IO[bytes] | None) -> IO[bytes]:
    """SetupError for a process that was started without pipes."""
    if pipe is None:
        raise SetupError("a process of merr started without pipes")
    return pipe
