"""Figures as a Markdown table, as docs/benchmarks.md holds them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    what: str
    measured: str
    wanted: str = ""


def print_table(figures: Sequence[Figure]) -> None:
    print("| what | measured | wanted |\n|---|---|---|")
    for figure in figures:
        print(f"| {figure.what} | {figure.measured} | {figure.wanted} |")
    sys.stdout.flush()
