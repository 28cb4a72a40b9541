"""The detector of false claims keeps what its benchmark promises, on both halves."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "grounding.py"


@pytest.fixture(scope="module")
def figures():
    done = subprocess.run(
        [sys.executable, str(BENCHMARK)], capture_output=True, text=True, check=True
    )
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line]
    return {
        row[0]: [float(cell) for cell in row[1:]]
        for row in rows
        if len(row) == 5 and "." in row[4] and row[1].strip()
    }


@pytest.mark.parametrize("half", ["templates", "prose"])
def test_planted_falsehoods_are_found_and_true_claims_are_let_alone(figures, half):
    _, plants, precision, recall = figures[half]
    assert plants >= 100
    assert precision >= 0.95
    assert recall >= 0.85


def test_as_many_texts_are_prose_as_the_issue_asks(figures):
    assert figures["prose"][0] >= 60
