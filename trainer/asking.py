"""A model asked about the samples of a release: one prediction for each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from schemas.errors import SetupError
from schemas.grid import PatchGrid
from schemas.instruction import Task
from schemas.sample import Tier
from trainer.answering import Answer, Asked, How
from trainer.data import Sample, Samples, load
from trainer.frames import Frames, open_frames
from trainer.kept_answers import KeptAnswers, keep_answers
from trainer.open_model import TrainedModel
from trainer.predictions import Prediction


@dataclass(frozen=True)
class Which:
    """The samples that are asked about."""

    split: str = "test"
    tier: Tier = "coarse"
    task: Task = "emotion"


def open_samples(release: Path, which: Which, trained: TrainedModel, cache: Path) -> Samples:
    """SetupError where the release lacks such samples, or the features that the model reads."""
    opened = load(release, cache=cache, encoders=trained.trained_on.encoders)
    samples = opened.where(opened.column("split") == which.split)
    chosen = samples.where(
        (samples.column("tier") == which.tier) & (samples.column("task") == which.task)
    )
    if not len(chosen):
        raise SetupError(
            f"{samples.release.title}: has no sample {which.tier}/{which.task} in its split "
            f"{which.split!r}; {_there(opened, which)}; choose another with --part, --tier or "
            "--task"
        )
    return chosen


def _there(samples: Samples, which: Which) -> str:
    """Splits that have such samples, by name."""
    alike = (samples.column("tier") == which.tier) & (samples.column("task") == which.task)
    splits = sorted(set(samples.column("split")[alike].tolist()))
    return f"such are in {', '.join(splits)}" if splits else "such are in none"


def predict_samples(
    samples: Samples,
    trained: TrainedModel,
    how: How,
    kept: KeptAnswers,
    *,
    grid: PatchGrid | None,
    cache: Path,
) -> list[Prediction]:
    """In the order of the release. SetupError where the model reads patch grids and has none, or
    looks at pictures and the release embeds none."""
    if trained.trained_on.grid and grid is None:
        raise SetupError("the model reads patch grids: give the folder of the grid cache (--grid)")
    frames = _frames(samples, trained, cache)
    asked = (Asked(s.instruction, _features(s, grid), _picture(s, frames)) for s in samples)
    return list(_predictions(samples, keep_answers(trained, asked, how, kept)))


def _frames(samples: Samples, trained: TrainedModel, cache: Path) -> Frames | None:
    """None for a model without EVA inside."""
    if trained.trained_on.eyes is None:
        return None
    frame: Any = trained.trained_on.frame or "peak"
    return open_frames(samples.release, cache, frame)


def _picture(sample: Sample, frames: Frames | None) -> bytes | None:
    return frames.jpeg(sample.clip_id) if frames and sample.clip_id in frames else None


def _features(sample: Sample, grid: PatchGrid | None) -> dict[str, NDArray[Any]]:
    features: dict[str, NDArray[Any]] = dict(sample.features)
    if grid is not None and sample.clip_id in grid:
        features["grid"] = grid.rows([sample.clip_id])[0]
    return features


def _predictions(samples: Samples, answers: Iterable[Answer]) -> Iterator[Prediction]:
    """A reason is measured against the text of the release, a label against the label."""
    for sample, found in zip(samples, answers, strict=True):
        yield Prediction(
            name=sample.clip_id,
            answer=found.text or None,
            label=sample.target if sample.task == "reason" else sample.label,
            cut=found.cut,
            task=sample.task,
            prompt=sample.instruction.rpartition("] ")[2].strip(),
            sample_id=sample.sample_id,
            clip_id=sample.clip_id,
        )
