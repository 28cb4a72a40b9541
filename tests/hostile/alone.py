"""A build as a process of its own, without Prefect: a test can set its user, its limits, its spies.

    python -P -m tests.hostile.alone SOURCES WORK

It ends as `merr build` does: errors in one line, exit code 2.
"""

import sys
from pathlib import Path

from flows.guard import DONE, SOME_FAILED, run_guarded
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from tests.pipeline.workshop import Workshop, books_of, bring_about, check_balance

JOBS = 2


def build(sources: Path, work: Path) -> int:
    chain = Workshop(sources, WorkFolder(work)).open()
    with WorkerPool(JOBS, log=chain.work.log, memory_gb=3) as pool:
        bring_about(chain, pool)
    books = books_of(chain)
    check_balance(books)
    return SOME_FAILED if books.failed else DONE


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: build(Path(sys.argv[1]), Path(sys.argv[2]))))
