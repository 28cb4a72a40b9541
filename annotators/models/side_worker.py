"""The loop of a side worker: an engine that lives in another environment, asked over pipes.

Run by the Python of that environment: `side_worker.py ENGINE.py OPTIONS`. ENGINE.py defines
`load(options)`, which loads the models once and gives versions by name and the function that
answers. One JSON object a line, both ways (PROTOCOL 1):

    out  {"protocol": 1, "versions": {"feat": "2.1.5"}}       once, when it is ready
    in   {"id": 1, "ask": {...}}
    out  {"id": 1, "answer": {...}}
    out  {"id": 1, "error": "clip" | "transient" | "setup", "message": "one line"}

An error in the place of the first line means that the engine cannot be loaded. Needs the standard
library alone; nothing of merr can be imported here.
"""

import importlib.util
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, Final

Json = dict[str, Any]
Answer = Callable[[Json], Json]
Load = Callable[[Json], tuple[dict[str, str], Answer]]

PROTOCOL: Final = 1
EXIT_WORKER_GONE: Final = 3


class SideError(Exception):
    """Raised by an engine. `kind`: "clip" (this one cannot be done), "transient" (may go better
    next time) or "setup" (none can be done)."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the answers
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, lines), daemon=True).start()
    try:
        versions, answer = engine_load(sys.argv[1])(json.loads(sys.argv[2]))
    except Exception as e:  # noqa: BLE001  whatever it is, who started it must hear it
        _say(out, {"protocol": PROTOCOL, **_error(e, "setup")})
        return
    _say(out, {"protocol": PROTOCOL, "versions": versions})
    while True:
        request = json.loads(lines.get())
        _say(out, {"id": request["id"], **_worked(answer, request["ask"])})


def engine_load(path: str) -> Load:
    """`load` of an engine's file, which is no part of any package there."""
    spec = importlib.util.spec_from_file_location("merr_side_engine", path)
    if spec is None or spec.loader is None:
        raise SideError("setup", f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    load: Load = module.load
    return load


def _listen(pipe: BinaryIO, lines: "queue.SimpleQueue[bytes]") -> None:
    """Ends the process at once when the worker is gone, even in the middle of an answer."""
    for line in pipe:
        lines.put(line)
    os._exit(EXIT_WORKER_GONE)


def _worked(answer: Answer, ask: Json) -> Json:
    try:
        return {"answer": answer(ask)}
    except Exception as e:  # noqa: BLE001  one clip, not the engine
        return _error(e, "clip")


def _error(error: Exception, kind: str) -> Json:
    """`kind` holds unless the engine named one itself: any error with a `kind` is taken, since an
    engine's file cannot import SideError from here."""
    traceback.print_exc()
    text = " ".join(str(error).split()) or type(error).__name__
    named = getattr(error, "kind", None)
    if named in ("clip", "transient", "setup"):
        return {"error": named, "message": text}
    return {"error": kind, "message": f"{type(error).__name__}: {text}"}


def _say(out: BinaryIO, line: Json) -> None:
    out.write(json.dumps(line).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
