"""Around every command: our packages are ours, and an error is one line and an exit code."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_OURS: Final = ("schemas", "annotators", "pipeline", "review", "flows")
DONE: Final = 0
SOME_FAILED: Final = 1
SETUP: Final = 2
STOPPED: Final = 130
_DEBUG: Final = "MERR_DEBUG"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_MAKE_ROOM: Final = "; make room and run the same command again: nothing that was finished is lost"
_STOPPED: Final = "stopped; nothing that was finished is lost: run the same command again"


def is_debug() -> bool:
    return os.environ.get(_DEBUG) == "1"


def guarded(app: Callable[[], Any], *, debug: bool) -> int:
    """Run the command line. 0 done, 1 some failed, 2 usage or set-up, 130 stopped by Ctrl-C."""
    if debug:
        os.environ[_DEBUG] = "1"
    return run_guarded(app)


def run_guarded(command: Callable[[], Any]) -> int:
    """The command's exit code; its errors in one line."""
    from schemas.errors import MerrError

    try:
        _check_packages()
        code = command()
    except SystemExit as e:  # how Typer ends, also after an error it has shown itself
        code = e.code if isinstance(e.code, int) else 1
        return _explain(_STOPPED, code) if code == STOPPED else code
    except KeyboardInterrupt:
        return _explain(_STOPPED, STOPPED)
    except MerrError as e:
        return _explain(" ".join(str(e).split()), SETUP)
    except OSError as e:
        remedy = _MAKE_ROOM if e.errno in _NO_ROOM else ""
        if e.errno in (errno.EACCES, errno.EROFS):
            remedy = "; choose another folder, or one that you may write to"
        return _explain(f"{e.filename or 'disk'}: {e.strerror or e}{remedy}", SETUP)
    return code if isinstance(code, int) else DONE


def _explain(text: str, code: int) -> int:
    from pipeline.sources import shown

    if is_debug():
        traceback.print_exc()
    sys.stderr.write(f"merr: {shown(text)}\n")  # names are foreign: none may steer a terminal
    return code


def _check_packages() -> None:
    """SetupError when another installed package has taken one of our names."""
    from importlib.util import find_spec

    from schemas.errors import SetupError

    home = Path(__file__).resolve().parent.parent
    for name in _OURS:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != home:
            raise SetupError(
                f"the package {name!r} found is {origin}, not merr's: another package shadows it; "
                "install merr into an environment of its own"
            )
