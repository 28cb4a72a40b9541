"""`python -m trainer`, for launchers: `accelerate launch -m trainer RELEASE --recipe ...`."""

import argparse
import sys
from pathlib import Path

from schemas.errors import MerrError
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
        run(Wanted(**vars(parser.parse_args(arguments))), say)
    except MerrError as e:
        sys.stderr.write(f"{e}\n")
        return 2
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
