"""`python -m trainer`, for launchers: `accelerate launch -m trainer RELEASE --recipe ...`."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from schemas.errors import MerrError, SetupError
from trainer.command import Wanted, run


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
    """accelerate's own FSDP is not ours, and on CPUs it does nothing without a word."""
    if environment.get("ACCELERATE_USE_FSDP", "").lower() == "true":
        raise SetupError(
            "accelerate was told --use_fsdp; launch it without, and say "
            "--set device.parallel=fsdp, which shards by torch itself"
        )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
