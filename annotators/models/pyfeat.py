"""py-feat in an environment of its own: a file of frames in, the faces of every frame out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from annotators.models.side_process import SideCommand, SideProcess
from schemas.errors import AnnotationError, SetupError
from schemas.units import Probability, Row

PYFEAT: Final = "2.1.5"
_SCRIPT: Final = Path(__file__).with_name("pyfeat_side.py")


class PyFeatFace(Row):
    """A face as py-feat sees it, in pixels of the frame."""

    score: Probability
    box: tuple[float, float, float, float]  # left, top, width, height
    points: tuple[float, ...]  # 68 times x, y
    aus: dict[str, Probability]  # by name: how sure py-feat is that the unit is there


class _Answer(Row):
    frames: tuple[tuple[PyFeatFace, ...], ...]


@dataclass(frozen=True)
class PyFeatProcess:
    """How its process runs; equal ones share one."""

    python: Path
    threads: int
    device: str
    memory_bytes: int | None
    start_s: float

    def command(self) -> SideCommand:
        return SideCommand(
            name="pyfeat",
            python=self.python,
            script=_SCRIPT,
            options={"threads": self.threads, "device": self.device},
            start_s=self.start_s,
            memory_bytes=self.memory_bytes,
            environment=_threads(self.threads),
        )


@dataclass(frozen=True)
class PyFeat:
    model: str  # version and weights, for Maker.model
    look: Callable[[Path, int, float], tuple[tuple[PyFeatFace, ...], ...]]
    """(file of frames, how many, deadline in seconds) -> the faces of every frame"""


def load_pyfeat(process: PyFeatProcess, *, least_score: float, batch: int) -> PyFeat:
    """Its process starts when it is first needed, once per worker. SetupError if it cannot."""
    side = _side(process)
    versions = side.versions()
    if versions.get("py-feat") != PYFEAT:
        raise SetupError(
            f"pyfeat: version {versions.get('py-feat')} is installed, this merr knows {PYFEAT}; "
            "run `merr engines install pyfeat`"
        )

    def look(video: Path, frames: int, deadline_s: float) -> tuple[tuple[PyFeatFace, ...], ...]:
        ask = {"video": str(video), "least_score": least_score, "batch": batch}
        return read_answer(side.ask(ask, deadline_s=deadline_s), frames=frames)

    return PyFeat(f"py-feat {PYFEAT} {versions.get('weights', '')}".strip(), look)


def read_answer(answer: Mapping[str, object], *, frames: int) -> tuple[tuple[PyFeatFace, ...], ...]:
    """AnnotationError unless there is an entry for each of the `frames`, each value in range."""
    try:
        found = _Answer.model_validate(answer).frames
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise AnnotationError(f"pyfeat: {where} of its answer: {first['msg']}") from e
    if len(found) != frames:
        raise AnnotationError(f"pyfeat: answered for {len(found)} of {frames} frames")
    for face in (face for faces in found for face in faces):
        if len(face.points) != 136:
            raise AnnotationError(f"pyfeat: a face has {len(face.points) / 2:g} points, not 68")
    return found


@cache
def _side(process: PyFeatProcess) -> SideProcess:
    return SideProcess(process.command())


def _threads(threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys(names, str(threads))
