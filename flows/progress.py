"""What a person sees while a build runs: live bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pipeline.tally import StageTally

PLAIN_EVERY_S: Final = 5.0
Listen = Callable[[str, StageTally], None]


@contextmanager
def shown_progress() -> Iterator[Listen]:
    """A listener for `Tally`."""
    if sys.stderr.isatty():
        with _bars() as listen:
            yield listen
    else:
        yield _PlainLines()


def describe(stage: str, tally: StageTally) -> str:
    text = f"{stage}: {tally.finished}/{tally.expected}"
    if tally.rejected:
        text += f", {tally.rejected.total()} rejected"
    if tally.failed:
        text += f", {tally.failed.total()} failed"
    return text


class _PlainLines:
    """One line per stage when it is through, and every few seconds while it is not."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, stage: str, tally: StageTally) -> None:
        now = time.monotonic()
        started = self._last.setdefault(stage, now)
        through = tally.expected > 0 and tally.finished == tally.expected and stage != "hash"
        if through or now - started >= PLAIN_EVERY_S:
            self._last[stage] = now
            sys.stderr.write(describe(stage, tally) + "\n")
            sys.stderr.flush()


@contextmanager
def _bars() -> Iterator[Listen]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[fell]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def listen(stage: str, tally: StageTally) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=0, rate="", fell="")
            task = progress.tasks[progress.task_ids.index(tasks[stage])]
            rate = tally.finished / task.elapsed if task.elapsed else 0.0
            progress.update(
                tasks[stage],
                total=tally.expected,
                completed=tally.finished,
                rate=f"{rate:5.1f}/s",
                fell=f"{tally.rejected.total()} rejected, {tally.failed.total()} failed",
            )

        yield listen
