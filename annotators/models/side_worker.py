"""The loop of a side worker: an engine that lives in another environment, asked over pipes.

Run by the Python of that environment: `side_worker.py ENGINE.py OPTIONS`. ENGINE.py defines
`load(options)`, which loads the models once and gives versions by name and the function that
answers. One JSON object a line, both ways (PROTOCOL 2):

    out  {"protocol": 2, "versions": {"feat": "2.1.5"}}       once, when it is ready
    in   {"id": 1, "ask": {...}}
    out  {"id": 1, "answer": {...}}
    out  {"id": 1, "error": "clip" | "transient" | "setup", "message": "one line"}
    out  {"id": 1, "error": "unexpected", "message": "one line", "traceback": "..."}

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
from functools import partial
from typing import Any, BinaryIO, Final

Json = dict[str, Any]
Answer = Callable[[Json], Json]
Load = Callable[[Json], tuple[dict[str, str], Answer]]

PROTOCOL: Final = 2
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
    loaded: list[Answer] = []
    _say(out, {"protocol": PROTOCOL, **_told(lambda: {"versions": _load(loaded)})})
    while loaded:
        request = json.loads(lines.get())
        _say(out, {"id": request["id"], **_told(partial(_answer, loaded[0], request["ask"]))})


def _answer(answer: Answer, ask: Json) -> Json:
    return {"answer": answer(ask)}


def _load(loaded: list[Answer]) -> dict[str, str]:
    """Versions; the engine's function goes into `loaded`."""
    versions, answer = engine_load(sys.argv[1])(json.loads(sys.argv[2]))
    loaded.append(answer)
    return versions


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


def _told(work: Callable[[], Json]) -> Json:
    """What came of it, as a line says it. Any error with a `kind` counts as named, since an
    engine's file cannot import SideError from here."""
    try:
        return work()
    except MemoryError as e:
        traceback.print_exc()
        return {"error": "clip", "message": f"MemoryError: {_line(e)}"}
    except Exception as e:  # noqa: BLE001  the worker's one catch-all, in another environment
        traceback.print_exc()
        kind = getattr(e, "kind", None)
        if kind in ("clip", "transient", "setup"):
            return {"error": kind, "message": _line(e)}
        message = f"{type(e).__name__}: {_line(e)}"
        return {"error": "unexpected", "message": message, "traceback": traceback.format_exc()}


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _say(out: BinaryIO, line: Json) -> None:
    out.write(json.dumps(line).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
