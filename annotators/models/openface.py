"""FeatureExtraction of OpenFace 2, run on one file of frames and believed in nothing.

It ends with 0 when it could read nothing, leaves half a table behind when it is killed, and hangs
for ever on one CPU (2.0.6). So it runs in a fresh folder, against a clock, in a process group of
its own, and its table counts only where all signs of a good run are there.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from annotators.models.leash import EXIT_NOT_STARTED, leashed
from annotators.models.openface_table import OpenFaceTable, read_openface
from schemas.errors import AnnotationError, CrashError, DeadlineError, SetupError

_MOST_SAID: Final = 1 << 20  # bytes; a good run says 3 kB
_LOADED: Final = "Reading the landmark detector/tracker from:"
_CLOSED: Final = "Closed successfully"
_FINISHED: Final = "Postprocessing the Action Unit predictions"
_UNREADABLE: Final = "Failed to open the video file"
_NO_MODEL: Final = "Could not load the landmark detector"
_GROUPS: Final = ("-aus", "-pose", "-2Dfp", "-3Dfp")


@dataclass(frozen=True)
class OpenFace:
    """A program and how it may run."""

    binary: Path
    model: Path
    threads: int  # of each process
    memory_bytes: int  # its own limit, in the place of the worker's
    start_s: float  # to load its models
    frame_s: float  # for each frame, generously

    def deadline_s(self, frames: int) -> float:
        return self.start_s + self.frame_s * frames


def run_openface(
    openface: OpenFace, video: Path, *, frames: int, calibrated: bool, folder: Path
) -> OpenFaceTable:
    """One run on a file of so many frames, with all it writes in a new folder inside `folder`.

    `calibrated`: its intensities are shifted to this file's own low end, as OpenFace does unless
    told not to. DeadlineError when it hangs, CrashError when it dies, SetupError when it cannot
    run for any clip, AnnotationError when it did not do its work.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="openface-") as fresh:
        out = Path(fresh)
        command = [str(openface.binary), "-mloc", str(openface.model), "-f", str(video)]
        command += ["-out_dir", str(out), *_GROUPS, *(() if calibrated else ("-au_static",))]
        said = out / "said.txt"
        code = _run(openface, command, said, openface.deadline_s(frames))
        _check(code, _tail(said), openface.model.name)
        return read_openface(out / f"{video.stem}.csv", frames=frames)


def _run(openface: OpenFace, command: list[str], said: Path, deadline_s: float) -> int:
    with said.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  no shell; the user named this program
            leashed(command, memory_bytes=openface.memory_bytes),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,  # its errors go to stdout, its warnings to stderr: neither is a sign
            cwd=openface.binary.parent,  # where it looks for its models
            env={**os.environ, **_threads(openface.threads)},
            process_group=0,
        )
        try:
            code = _waited(process, deadline_s)
        finally:
            _end(process)
    if code is None:
        raise DeadlineError(f"openface: no end within {deadline_s:.0f} s")
    return code


def _waited(process: subprocess.Popen[bytes], deadline_s: float) -> int | None:
    """Its exit code, None where it still runs. Sleeps until its end: `wait` with a timeout looks
    twenty times a second. The thread that started the process has to live on, see leash.py."""
    waiting = threading.Thread(target=process.wait, daemon=True)
    waiting.start()
    waiting.join(deadline_s)
    return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever it started is ended, too, also where it came to an end by itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _threads(threads: int) -> dict[str, str]:
    names = (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        "OPENCV_FOR_THREADS_NUM",
    )
    return dict.fromkeys(names, str(threads))


def _tail(said: Path) -> str:
    with said.open("rb") as log:
        log.seek(max(0, said.stat().st_size - _MOST_SAID))
        return log.read().decode("utf-8", "replace")


def _check(code: int, said: str, model: str) -> None:
    """Every sign of a good run, or the error that names what is missing."""
    if code < 0:
        raise CrashError(f"openface: ended by signal {-code}")
    if code == EXIT_NOT_STARTED:
        raise SetupError(f"openface: cannot be started: {_last(said)}")
    if _NO_MODEL in said:
        raise SetupError(f"openface: could not load its models ({model}); its install is not whole")
    if code > 0:
        raise CrashError(f"openface: ended with exit code {code}: {_last(said)}")
    if _UNREADABLE in said:
        raise AnnotationError("openface: could not open the frames that it was given")
    if _CLOSED not in said or _FINISHED not in said:
        raise AnnotationError("openface: did not say that it finished")
    loaded = _loaded(said)
    if loaded != model:
        raise SetupError(f"openface: loaded the model {loaded}, not {model}")


def _loaded(said: str) -> str | None:
    """File name of the first landmark model it loaded; its parts follow."""
    for line in said.splitlines():
        if line.startswith(_LOADED):
            return line.removeprefix(_LOADED).strip().replace("\\", "/").rsplit("/", 1)[-1]
    return None


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
