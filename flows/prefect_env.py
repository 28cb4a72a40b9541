"""Prefect's switches, set before it is imported. What the user set himself wins."""

import logging
import os
from pathlib import Path
from typing import Final

_SWITCHES: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",  # 20 is too short on a busy machine
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_COLORS": "false",
}


def prepare_prefect(home: Path, *, debug: bool) -> None:
    """`home` keeps the state of the built-in temporary API, so that builds do not share one."""
    os.environ.setdefault("PREFECT_HOME", str(home.absolute()))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if debug else "CRITICAL")
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    if not debug:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # the server's noise at its end
