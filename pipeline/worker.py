"""The loop of a worker process: one job in, one answer out, as JSON lines over pipes.

A worker reads hostile media. It gets names and paths, never objects; what it answers is parsed
against a schema by its supervisor and never unpickled.
"""

import gc
import json
import os
import queue
import resource
import sys
import threading
import traceback
from typing import Any, BinaryIO

from schemas.errors import ClipError, MerrError, SetupError, TransientError, UnexpectedError

EXIT_SUPERVISOR_GONE = 3


def main() -> None:
    memory_bytes = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The soft limit alone: an engine of its own that a worker starts gets another (leash.py).
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, most))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the answers
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        _answer(answers, requests.get())
        _let_go()


def _listen(pipe: BinaryIO, requests: "queue.SimpleQueue[bytes]") -> None:
    """Ends the process at once when the supervisor is gone, even in the middle of a job."""
    for line in pipe:
        requests.put(line)
    os._exit(EXIT_SUPERVISOR_GONE)


def _let_go() -> None:
    """Frees what the job was done with. In PyAV 18 a frame whose side data was asked for is part
    of a cycle, and with it live all buffers of its decoder: 60 MB for two seconds of 1080p, of
    which the collector knows nothing. What is left (modules, models) is not looked through again.
    """
    gc.collect()
    gc.freeze()


def _answer(answers: BinaryIO, line: bytes) -> None:
    answers.write(json.dumps(_work(json.loads(line))).encode() + b"\n")
    answers.flush()


def _work(request: dict[str, Any]) -> dict[str, Any]:
    from pipeline.jobs import JOBS

    try:
        return {"answer": JOBS[request["job"]](request["payload"])}
    except SetupError as e:
        return _error("setup", e)
    except TransientError as e:
        return _error("transient", e)
    except UnexpectedError as e:  # of an engine in a process of its own
        return _error("unexpected", e) | {"traceback": e.traceback}
    except ClipError as e:
        return _error("clip", e)
    except MemoryError as e:
        return _error("clip", e, "needs more memory than a worker may take (run.worker_memory_gb)")
    except Exception as e:  # noqa: BLE001  the one sanctioned catch-all: one clip, not the run
        return _error("unexpected", e) | {"traceback": traceback.format_exc()}


def _error(kind: str, error: BaseException, text: str | None = None) -> dict[str, Any]:
    message = text or str(error) or type(error).__name__
    named = isinstance(error, MerrError | MemoryError)
    first = message if named else f"{type(error).__name__}: {message}"
    return {"error": kind, "class": type(error).__name__, "message": first.splitlines()[0]}


if __name__ == "__main__":
    main()
