"""The build flow: what runs after what. It holds no logic of its own."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from pipeline.batches import Batch, Shard
from pipeline.build import Build
from schemas.errors import TransientError

SHARDS_AT_ONCE: Final = 2  # one decodes while the other writes; more only wait for workers
SHARDS_TOLD: Final = 8  # that may wait for answers while later ones are measured
BEFORE_WORDS: Final = ("peak", "stills", "scene", "label")
# The chain that may ask a language model.
WORDS: Final = ("heard", "seen", "english", "evidence", "coarse", "clues", "fine")


def may_pass(task: Any, run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), TransientError)


def run_build(build: Build, batches: Sequence[Batch], *, until: str | None) -> None:
    """Bring every batch to completion, or to the stage `until`. Two tasks per shard."""
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE
    from prefect.task_runners import ThreadPoolTaskRunner

    shards: dict[int, Shard] = {}  # tasks are handed numbers, never rows
    careful = task(
        retries=3,
        retry_delay_seconds=[1, 10, 60],
        retry_condition_fn=may_pass,
        cache_policy=NO_CACHE,
        persist_result=False,
    )

    @careful
    def measure_shard(number: int) -> None:
        measured = build.measure(shards[number])
        build.advance(shards[number], _upto(BEFORE_WORDS, until), measured)

    @careful
    def tell_shard(number: int) -> None:
        build.advance(shards[number], _upto(WORDS, until))

    def submit(shard: Shard) -> tuple[Any, Any]:
        shards[shard.number] = shard
        measured: Any = measure_shard.submit(shard.number)
        return measured, tell_shard.submit(shard.number, wait_for=[measured], return_state=False)

    runner: Any = ThreadPoolTaskRunner(max_workers=SHARDS_AT_ONCE + SHARDS_TOLD)

    @flow(name="merr-build", task_runner=runner)
    def merr_build() -> None:
        try:
            _bounded(submit, _shards_of(build, batches, until))
        except BaseException:
            build.give_up()  # else the flow would wait for tasks that wait for workers
            raise

    merr_build()


def _shards_of(build: Build, batches: Sequence[Batch], until: str | None) -> Iterator[Shard]:
    """Shards as they come out of the intake, none where the run ends before them."""
    for batch in batches:
        if until == "ingest":
            build.probe_only(batch)
            continue
        shards = build.take_in(batch)
        if until != "cut":
            yield from shards


def _bounded(submit: Callable[[Shard], tuple[Any, Any]], shards: Iterable[Shard]) -> None:
    """At most SHARDS_AT_ONCE shards are being measured, at most SHARDS_TOLD are not finished. A
    shard that failed stops the run at the next one."""
    running: deque[tuple[Any, Any]] = deque()
    for shard in shards:
        running.append(submit(shard))
        if len(running) >= SHARDS_TOLD:
            _finish(running.popleft())
        if len(running) >= SHARDS_AT_ONCE:
            running[-SHARDS_AT_ONCE][0].result()
        for pair in [pair for pair in running if pair[1].state.is_final()]:
            running.remove(pair)
            _finish(pair)
    while running:
        _finish(running.popleft())


def _finish(tasks: tuple[Any, Any]) -> None:
    """In order: where the first failed the second never ran, and only the first knows why."""
    for task in tasks:
        task.result()


def _upto(stages: tuple[str, ...], until: str | None) -> tuple[str, ...]:
    """The stages up to and with `until`; all where it comes later, none where it came before."""
    everything = (*BEFORE_WORDS, *WORDS)
    if until is None:
        return stages
    if until not in everything:
        return ()
    last = everything.index(until)
    return tuple(stage for stage in stages if everything.index(stage) <= last)
