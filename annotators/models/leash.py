"""Starts another program in the place of itself, tied to who asked for it.

Run as a script: `leash.py PARENT_PID MEMORY_BYTES PROGRAM ARGUMENT...`; MEMORY_BYTES is "-" where
there is no limit. It runs before every start of an engine, so it imports next to nothing.

* The program dies with the thread that started it (Linux: PR_SET_PDEATHSIG), so a worker that is
  killed leaves no engine behind.
* It gets a memory limit of its own in the place of the worker's, which it would inherit.
* The limit of threads that holds for libraries in the worker does not hold for it.
"""

import os
import resource
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
SIGKILL = 9
EXIT_PARENT_GONE = 3
EXIT_NOT_STARTED = 127  # what a shell says of a command that is not there


def leashed(command: list[str], *, memory_bytes: int | None) -> list[str]:
    """The command line that starts `command` on a leash of this process."""
    limit = "-" if memory_bytes is None else str(memory_bytes)
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), limit, *command]


def main() -> None:
    parent, limit, program = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        sys.exit(EXIT_PARENT_GONE)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_least(limit, most), most))
    os.environ.pop("OMP_THREAD_LIMIT", None)
    try:
        os.execv(program, sys.argv[3:])  # noqa: S606  no shell is wanted
    except OSError as e:
        sys.stderr.write(f"{program}: {e.strerror}\n")
        sys.exit(EXIT_NOT_STARTED)


def _least(limit: str, most: int) -> int:
    if limit == "-":
        return most
    return int(limit) if most == resource.RLIM_INFINITY else min(int(limit), most)


if __name__ == "__main__":
    main()
