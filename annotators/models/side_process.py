"""An engine in another environment: its process, started when first asked, replaced when it hangs.

The other side is `side_worker.py`, whose docstring describes the lines.
"""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from annotators.models.leash import leashed
from annotators.models.pipes import piped, read_line
from annotators.models.side_worker import PROTOCOL
from schemas.errors import (
    AnnotationError,
    ClipError,
    CrashError,
    DeadlineError,
    MerrError,
    SetupError,
    TransientError,
    UnexpectedError,
)

Json = dict[str, Any]

_LOOP: Final = Path(__file__).with_name("side_worker.py")
_LAST_S: Final = 5.0  # between the end of its pipe and its own
_KINDS: Final[dict[str, type[MerrError]]] = {
    "clip": ClipError,
    "transient": TransientError,
    "setup": SetupError,
}


@dataclass(frozen=True)
class SideCommand:
    """How to start an engine that lives in another environment."""

    name: str  # of the engine, for messages
    python: Path  # of that environment
    script: Path  # our file with `load(options)`; needs nothing of merr
    options: Json = field(default_factory=dict)  # handed to `load`
    start_s: float = 600.0  # to load its models, which may have to be downloaded first
    memory_bytes: int | None = None  # its own limit, not the worker's; None: no limit
    environment: Mapping[str, str] = field(default_factory=dict)  # added to that of the worker

    @property
    def remedy(self) -> str:
        return f"run `merr engines install {self.name}`"

    def line(self) -> list[str]:
        # -I: neither PYTHONPATH nor the folder of the script nor the user's packages get in.
        command = [str(self.python), "-I", str(_LOOP), str(self.script), json.dumps(self.options)]
        return leashed(command, memory_bytes=self.memory_bytes)


class SideProcess:
    """One process of the engine. Used by one thread, the one that lives as long as it does.

    Its stderr is that of the worker, which is the log of the work folder.
    """

    def __init__(self, command: SideCommand) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._versions: dict[str, str] = {}
        self._asked = 0

    def versions(self) -> dict[str, str]:
        """Of packages and models, by name, as the engine tells them; starts it if needed."""
        self._running()
        return dict(self._versions)

    def ask(self, request: Json, *, deadline_s: float) -> Json:
        """Its answer. After DeadlineError or CrashError the next call starts it anew.

        ClipError, TransientError, SetupError: what the engine said; UnexpectedError: what nobody
        there named. SetupError, too, where it cannot be started or speaks another protocol;
        AnnotationError where it talks nonsense.
        """
        process = self._running()
        self._asked += 1
        line = json.dumps({"id": self._asked, "ask": request}).encode() + b"\n"
        try:
            piped(process.stdin).write(line)
            piped(process.stdin).flush()
        except BrokenPipeError:
            raise CrashError(f"{self._command.name}: {self._end()}") from None
        answer = self._heard(process, deadline_s)
        if answer.get("id") != self._asked:
            self.close()
            raise AnnotationError(f"{self._command.name}: answered another question")
        found = self._unwrapped(answer, "answer")
        if not isinstance(found, dict):
            self.close()
            raise AnnotationError(f"{self._command.name}: its answer is no JSON object")
        return found

    def close(self) -> None:
        """End the process and all it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                piped(pipe).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._process = self._started()
        try:
            hello = self._heard(self._process, self._command.start_s)
        except (DeadlineError, CrashError, AnnotationError) as e:
            raise SetupError(f"{e} before it was ready; the log says more") from e
        if hello.get("protocol") != PROTOCOL:
            self.close()
            raise SetupError(
                f"{self._command.name}: speaks protocol {hello.get('protocol')}, not {PROTOCOL}; "
                + self._command.remedy
            )
        try:
            self._versions = dict(self._unwrapped(hello, "versions"))
        except UnexpectedError as e:
            self.close()
            raise SetupError(f"{e}; the log has its traceback") from e
        except MerrError:
            self.close()
            raise
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        if not self._command.python.exists():
            name = self._command.name
            raise SetupError(f"{name}: its environment is not installed; {self._command.remedy}")
        return subprocess.Popen(  # noqa: S603  our own script, no shell
            self._command.line(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._command.environment},
            process_group=0,  # so that what it starts itself can be ended with it
        )

    def _heard(self, process: subprocess.Popen[bytes], deadline_s: float) -> Json:
        try:
            line = self._read_line(process, deadline_s)
            found = json.loads(line)
        except ValueError:
            self.close()
            raise AnnotationError(f"{self._command.name}: a line of it is no JSON") from None
        if not isinstance(found, dict):
            self.close()
            raise AnnotationError(f"{self._command.name}: a line of it is no JSON object")
        return found

    def _read_line(self, process: subprocess.Popen[bytes], deadline_s: float) -> bytes:
        name = self._command.name
        try:
            return read_line(piped(process.stdout), deadline_s=deadline_s)
        except TimeoutError:
            self.close()
            raise DeadlineError(f"{name}: gave no answer within {deadline_s:.0f} s") from None
        except EOFError:
            raise CrashError(f"{name}: {self._end()}") from None
        except BufferError:
            self.close()
            raise CrashError(f"{name}: its answer is larger than 256 MB") from None

    def _end(self) -> str:
        """How it ended by itself; nothing of it is left afterwards."""
        code: int | None = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(_LAST_S)
        self.close()
        if code is None:
            return "its process closed its pipe"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"its process ended {how}"

    def _unwrapped(self, line: Json, wanted: str) -> Any:
        if "error" in line:
            told = f"{self._command.name}: {line.get('message')}"
            if line["error"] == "unexpected":
                raise UnexpectedError(told, str(line.get("traceback")))
            raise _KINDS.get(str(line["error"]), ClipError)(told)
        if wanted not in line:
            self.close()
            raise AnnotationError(f"{self._command.name}: a line of it has no {wanted}")
        return line[wanted]
