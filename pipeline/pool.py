"""Supervised, long-lived worker processes: one per slot, killed and replaced when they hang."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from annotators.models.pipes import piped, read_line
from schemas.errors import (
    ClipError,
    CrashError,
    DeadlineError,
    MerrError,
    SetupError,
    TransientError,
    UnexpectedError,
)

_SINGLE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    # Silero's library asks for four threads all the same, which mostly wait in a loop: 1.2 ms of
    # CPU for a window of 32 ms instead of 0.15. Its probabilities are the same to the last bit.
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONHASHSEED": "0",
}


class StoppedError(MerrError):
    """The pool was closed while a job waited or ran."""


class _Worker:
    """One process and its pipes. Used by one thread at a time."""

    def __init__(self, log: Path, memory_bytes: int) -> None:
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [sys.executable, "-P", "-m", "pipeline.worker", str(memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **_SINGLE_THREAD},
                start_new_session=True,  # a Ctrl-C at the terminal is the supervisor's to handle
            )
        self._requests = piped(self.process.stdin)
        self._answers = piped(self.process.stdout)

    def call(self, request: bytes, deadline_s: float) -> bytes:
        """One line back. DeadlineError when it does not come in time, CrashError at an end."""
        try:
            self._requests.write(request)
            self._requests.flush()
        except BrokenPipeError:
            raise CrashError(self._how_it_ended()) from None
        return self._read_line(deadline_s)

    def _read_line(self, deadline_s: float) -> bytes:
        try:
            return read_line(self._answers, deadline_s=deadline_s)
        except TimeoutError:
            told = f"its worker gave no answer within {deadline_s:.0f} s"
            raise DeadlineError(told) from None
        except EOFError:
            raise CrashError(self._how_it_ended()) from None
        except BufferError:
            raise CrashError("its worker's answer is larger than 256 MB") from None

    def _how_it_ended(self) -> str:
        code = self.process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its worker process ended {how}; the media or a codec took it down"

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class WorkerPool:
    """Calls jobs of pipeline.jobs in worker processes; processes start when first needed."""

    def __init__(self, slots: int, *, log: Path, memory_gb: float) -> None:
        self.slots = slots
        self._log = log
        self._memory_bytes = int(memory_gb * (1 << 30))
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._guard = threading.Lock()
        self._closed = False
        for _ in range(slots):
            self._idle.put(None)

    def call(self, job: str, payload: dict[str, Any], *, deadline_s: float) -> Any:
        """The job's answer. Raises what the job raised, by kind; DeadlineError or CrashError
        when its process had to be replaced."""
        request = json.dumps({"job": job, "payload": payload}).encode() + b"\n"
        worker = self._idle.get()
        if worker is not None and worker.has_ended:  # between two jobs: no fault of this one
            self._discard(worker)
            worker = None
        try:
            if worker is None:
                worker = self._start()
            answer = json.loads(worker.call(request, deadline_s))
        except (DeadlineError, CrashError):
            self._replace(worker)
            self._raise_if_closed()
            raise
        except BaseException:
            self._idle.put(worker)
            raise
        self._idle.put(worker)
        return _unwrap(answer)

    def _start(self) -> _Worker:
        with self._guard:
            if self._closed:
                raise StoppedError("the run was stopped")
            worker = _Worker(self._log, self._memory_bytes)
            self._all.add(worker)
            return worker

    def _replace(self, worker: _Worker | None) -> None:
        if worker is not None:
            self._discard(worker)
        self._idle.put(None)

    def _discard(self, worker: _Worker) -> None:
        worker.kill()
        with self._guard:
            self._all.discard(worker)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise StoppedError("the run was stopped") from None

    def close(self) -> None:
        """Kill every worker; calls that wait or run end with StoppedError."""
        with self._guard:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        for _ in range(self.slots):  # idle ones; a busy one is reaped by the thread that called it
            with contextlib.suppress(queue.Empty):
                self._replace(self._idle.get_nowait())


def _unwrap(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return answer["answer"]
    kind, name, message = answer["error"], answer["class"], answer["message"]
    if kind == "setup":
        raise SetupError(message)
    if kind == "transient":
        raise TransientError(message)
    if kind == "unexpected":
        raise UnexpectedError(message, answer["traceback"])
    raise _named(name)(message)


def _named(name: str) -> type[ClipError]:
    """The ClipError of this name, so that books can count by error."""
    kinds = {kind.__name__: kind for kind in ClipError.__subclasses__()}
    return kinds.get(name, ClipError)
