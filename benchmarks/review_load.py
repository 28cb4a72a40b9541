"""Fifteen reviewers at once over 2,000 samples, against the real server: what they wait, and
whether every decision is kept exactly once; and the first screen of a queue of 100,000.

Usage: python benchmarks/review_load.py [--samples 2000] [--reviewers 15] [--reviews 2]
                                        [--think S] [--kill S] [--db URL]

Each reviewer is a thread with its own connection and session; the server is a process of its own,
on SQLite. "Decide and get the next" is one request; the time is what the reviewer waits for its
answer. At full speed nobody thinks in between, and the slowest of three rounds counts; human speed
is 0 to 2 s of thought at random, about ten times as fast as people are. With options it is one load
alone: --kill S kills the server (-9) every so many seconds meanwhile, which
`tests/review/test_web_load.py` does always.
"""

import argparse
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from table import Figure, print_table

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.reviewer import Line
from benchmarks.reviewers import Load, Outcome, free_port, load, open_place, server, tokens

ROUNDS = 3
THOUGHT_S = 2.0
QUEUE = 100_000
SCREENS = 3


def print_load(told: Outcome) -> None:
    a_second = told.decisions / told.seconds
    print(f"{told.decisions} decisions, {a_second:.0f} a second, {told.kills} kills")
    print(f"refused: {told.refused}; unanswered and sent again: {told.sent_again}")
    waits = ", ".join(f"p{percent} {told.wait_ms(percent):.0f} ms" for percent in (50, 95, 99))
    print(f"decide and get the next: {waits}, most {told.waits_s[-1] * 1000:.0f} ms")
    print("\n".join(told.faults) or "every decision exactly once, none beyond, none lost")


def print_page() -> int:
    """What docs/benchmarks.md shows; 1 where a decision was lost or doubled."""
    rounds = [load(Load()) for _ in range(ROUNDS)]
    fast, human = max(rounds, key=lambda told: told.wait_ms(95)), load(Load(think=THOUGHT_S))
    lost = sum(len(told.faults) for told in (*rounds, human))
    screens = first_screens(QUEUE)
    print_table(
        [
            Figure("decide and get the next, full speed, p95", _ms(fast), "under 100 ms"),
            Figure("the same, human speed, p95", _ms(human), "under 100 ms"),
            Figure("decisions at full speed", f"{fast.decisions / fast.seconds:.0f} a second"),
            Figure("decisions lost, doubled or beyond", f"{lost}", "0"),
            Figure(
                f"first screen of a queue of {QUEUE:,}, the slowest of {len(screens)}",
                f"{max(screens):.2f} s",
                "under 1 s",
            ),
        ]
    )
    return 1 if lost else 0


def _ms(told: Outcome) -> str:
    return f"{told.wait_ms(95):.0f} ms (median {told.wait_ms(50):.0f})"


def first_screens(samples: int) -> list[float]:
    """Seconds from a browser that has nothing to the first sample, for a queue of so many."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        work, port = Path(folder), free_port()
        store, queue = open_place(work, None, samples, 2)
        (token,) = tokens(store, 1).values()
        with server(work, None, port):
            for _ in range(SCREENS):
                started = time.perf_counter()
                with closing(Line(port, token)) as line:
                    line.csrf = line.ask("GET", "/api/hello")[1]["csrf"]
                    listed, _ = line.ask("GET", "/api/queues")
                    given, _ = line.ask("POST", f"/api/queues/{queue.queue_id}/next")
                if (listed, given) != (200, 200):
                    raise SystemExit(f"the server refused: {listed}, {given}")
                seconds.append(time.perf_counter() - started)
        store.close()
    return seconds


def main() -> int:
    if len(sys.argv) == 1:
        return print_page()
    parser = argparse.ArgumentParser(description=__doc__)
    usual = Load()
    parser.add_argument("--samples", type=int, default=usual.samples)
    parser.add_argument("--reviewers", type=int, default=usual.reviewers)
    parser.add_argument("--reviews", type=int, default=usual.reviews)
    parser.add_argument("--think", type=float, default=usual.think, help="At most, in seconds.")
    parser.add_argument("--kill", type=float, default=usual.kill, help="Seconds between kill -9.")
    parser.add_argument("--db", default=usual.db)
    told = load(Load(**vars(parser.parse_args())))
    print_load(told)
    return 1 if told.faults else 0


if __name__ == "__main__":
    sys.exit(main())
