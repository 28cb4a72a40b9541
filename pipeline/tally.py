"""What happened in this run, stage by stage: for the progress shown, and for stopping in time."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import SetupError
from schemas.failure import Failure, Rejection
from schemas.units import Row

STOP_SHARE: Final = 0.05  # design: a stage stops a run when more of its clips failed,
STOP_AFTER: Final = 200  # counted after so many clips


@dataclass
class StageTally:
    expected: int = 0
    done: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    last_failure: str = ""

    @property
    def finished(self) -> int:
        return self.done + self.rejected.total() + self.failed.total()


class Tally:
    """Counts outcomes from several threads; `listen` hears every change."""

    def __init__(self, listen: Callable[[str, StageTally], None]) -> None:
        self._guard = threading.Lock()
        self._listen = listen
        self.stages: dict[str, StageTally] = {}

    def expect(self, stage: str, subjects: int) -> None:
        with self._guard:
            tally = self.stages.setdefault(stage, StageTally())
            tally.expected += subjects
            self._listen(stage, tally)

    def add(self, stage: str, outcome: Row) -> None:
        """Raises SetupError when too many clips of a stage failed: the cause is not the clips."""
        with self._guard:
            tally = self.stages.setdefault(stage, StageTally())
            if isinstance(outcome, Rejection):
                tally.rejected[outcome.rule] += 1
            elif isinstance(outcome, Failure):
                tally.failed[outcome.error] += 1
                tally.last_failure = outcome.reason
            else:
                tally.done += 1
            self._listen(stage, tally)
            self._stop_if_hopeless(stage, tally)

    def _stop_if_hopeless(self, stage: str, tally: StageTally) -> None:
        failed = tally.failed.total()
        if stage == "ingest" or tally.finished < STOP_AFTER:
            return
        if failed > STOP_SHARE * tally.finished:
            raise SetupError(
                f"stage {stage}: {failed} of {tally.finished} clips failed, last: "
                f"{tally.last_failure}; more than {STOP_SHARE:.0%} is no accident, so the run stops"
            )

    @property
    def worked(self) -> int:
        """Outcomes of this run, all stages together."""
        with self._guard:
            return sum(t.finished for t in self.stages.values())
