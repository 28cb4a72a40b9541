"""The site of a build: what every stage works with, and how work is done, counted and written."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.chain import Chain
from pipeline.keys import Key
from pipeline.outcomes import NAMED, fail
from pipeline.parts import Part, write_part
from pipeline.pool import WorkerPool
from pipeline.tally import Tally
from schemas.failure import Subject
from schemas.units import Row

T = TypeVar("T")
Outcome = Row  # a row of the stage, a Rejection or a Failure


@dataclass(frozen=True)
class Site:
    chain: Chain
    pool: WorkerPool
    tally: Tally
    log: Callable[[str], None]
    retry_failed: bool = False

    def attempt(
        self, subject: Subject, subject_id: str, stage: str, work: Callable[[], Outcome]
    ) -> Outcome:
        try:
            return work()
        except NAMED as e:
            return fail(subject, subject_id, stage, e)

    def each(
        self, stage: str, items: Sequence[T], work: Callable[[T], Outcome]
    ) -> dict[str, Outcome]:
        """id -> outcome, in the order of the items; as many at once as there are workers."""

        def one(item: T) -> Outcome:
            outcome = work(item)
            self.tally.add(stage, outcome)
            return outcome

        ids = [item if isinstance(item, str) else getattr(item, "clip_id") for item in items]  # noqa: B009
        return dict(zip(ids, self.map(items, one), strict=True))

    def map(self, items: Sequence[T], work: Callable[[T], Any]) -> list[Any]:
        with ThreadPoolExecutor(self.pool.slots) as threads:
            futures = [threads.submit(work, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                self.pool.close()  # the run ends: it waits for no worker's deadline
                raise

    def write(
        self,
        stage: str,
        number: int,
        part: Part[Any],
        row: type[Row],
        key: Key,
        *,
        subjects: int | None = None,
    ) -> None:
        path = self.chain.work.part(stage, number, key.name)
        self.log(f"{stage} {number:05d}: writing {path.name}")
        for failure in part.failures:
            self.log(
                f"{stage} {failure.id}: {failure.error}: {failure.unexpected or failure.reason}"
            )
        write_part(path, part, row, key, subjects=subjects)
        self.log(f"{stage} {number:05d}: wrote {len(part.rows)} rows")
