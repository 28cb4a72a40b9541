"""`python -m trainer`, for launchers: `accelerate launch -m trainer RELEASE --recipe ...`."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.errors import MerrError, SetupError
from trainer.command import Wanted, run

# By which of them a process knows that it is one of many: torchrun, and three kinds of MPI.
_MANY: Final = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    parser.add_argument("release", type=Path, nargs="?")
    parser.add_argument("--recipe")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--from-run", type=Path)
    parser.add_argument("--preset")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    try:
        check_launch(os.environ)
        run(Wanted(**vars(parser.parse_args(arguments))), say)
    except MerrError as e:
        sys.stderr.write(f"{e}\n")
        return 2
    return 0


def check_launch(environment: Mapping[str, str]) -> None:
    """What accelerate would do otherwise than it was told, without a word: its own FSDP does
    nothing on CPUs, and of several processes with --cpu it starts one."""
    if environment.get("ACCELERATE_USE_FSDP", "").lower() == "true":
        raise SetupError(
            "accelerate was told --use_fsdp; launch it without, and say "
            "--set device.parallel=fsdp, which shards by torch itself"
        )
    by_accelerate = "ACCELERATE_MIXED_PRECISION" in environment and "MASTER_ADDR" in environment
    if by_accelerate and not any(name in environment for name in _MANY):
        raise SetupError(
            "accelerate was told several processes and started one, as it does with --cpu; say "
            "--multi_gpu in place of it, on CPUs, too"
        )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
