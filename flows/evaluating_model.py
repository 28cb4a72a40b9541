"""`merr evaluate --model`: a model is asked first, about a release or the videos of a data set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from flows.evaluating import Evaluated, Yardstick, evaluate, open_yardstick
from flows.opened_model import OpenedModel, open_trained
from flows.predicting import PredictedClip, Wish, predict, question
from flows.scratch_work import work_folder
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from schemas.errors import SetupError
from schemas.label import load_vocabulary
from trainer.benchmarks.known import BENCHMARKS
from trainer.evaluation import DataUse
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.predictions import Prediction

if TYPE_CHECKING:  # they load torch
    from trainer.asking import Which

_MANIFEST: Final = "manifest.json"
KEPT: Final = "asked.jsonl"


@dataclass(frozen=True)
class ModelWish:
    """As given on the command line. `tier`, `task` and `grid` are for releases, `work` and `jobs`
    for folders of videos."""

    model: Path
    data: Path
    benchmark: str
    out: Path
    settings: Settings
    bootstrap: BootstrapSettings
    part: str | None = None
    videos: Path | None = None
    labels: str | None = None
    label_map: Path | None = None
    tier: str = "coarse"
    task: str | None = None  # None: the one that the benchmark scores
    grid: Path | None = None
    constrained: bool = False
    batch_size: int = 8
    work: Path | None = None
    jobs: int | None = None


def evaluate_model(wish: ModelWish, say: Callable[[str], None]) -> Evaluated:
    """Answers are kept in the folder `out` as they come: killed and started again it asks what is
    left. SetupError where model, data and benchmark do not fit together."""
    opened = open_trained(wish.model)
    if (wish.data / _MANIFEST).exists():
        return _on_release(wish, opened, say)
    return _on_videos(wish, opened)


def _task(wish: ModelWish) -> str:
    known = BENCHMARKS.get(wish.benchmark)
    described = known is not None and known.kind == "descriptions"
    return wish.task or ("reason" if described else "emotion")


def _on_release(wish: ModelWish, opened: OpenedModel, say: Callable[[str], None]) -> Evaluated:
    from schemas.grid import PatchGrid
    from trainer.answering import How
    from trainer.asking import open_samples, predict_samples
    from trainer.kept_answers import KeptAnswers

    which = _which(wish)
    samples = open_samples(wish.data, which, opened.trained, wish.out / "cache")
    yardstick = _yardstick(wish, opened, samples.release.manifest.vocabulary)
    labels = _constrained_to(wish, yardstick) if which.task == "emotion" else None
    how = How(batch_size=wish.batch_size, labels=labels)
    grid = None if wish.grid is None else PatchGrid.open(wish.grid)
    kept = KeptAnswers(wish.out / KEPT, opened.asker(how))
    if len(kept):
        say(f"{wish.out / KEPT}: {len(kept)} answers of this model are there; the others are asked")
    predictions = predict_samples(
        samples, opened.trained, how, kept, grid=grid, cache=wish.out / "cache"
    )
    use = DataUse(
        folder=str(wish.data),
        part=f"{which.split} {which.tier}/{which.task}",
        digest=samples.release.manifest.digest,
        clips=len(samples),
    )
    return evaluate(
        predictions,
        replace(yardstick, data=use),
        out=wish.out,
        settings=wish.settings,
        model=opened.use(how),
    )


def _which(wish: ModelWish) -> "Which":
    from trainer.asking import Which

    if wish.tier not in ("coarse", "fine") or _task(wish) not in ("emotion", "reason"):
        raise SetupError(
            f"{wish.tier}/{_task(wish)}: a release has coarse/emotion, coarse/reason and "
            "fine/reason"
        )
    return Which(wish.part or "test", wish.tier, _task(wish))  # type: ignore[arg-type]


def _yardstick(wish: ModelWish, opened: OpenedModel, vocabulary: str) -> Yardstick:
    """Of a release; its label set is the benchmark's, else the release's own."""
    known = BENCHMARKS.get(wish.benchmark)
    own = None if known is None else known.vocabulary
    return open_yardstick(
        wish.benchmark,
        data=None,
        part=None,
        videos=None,
        labels=wish.labels or own or vocabulary,
        label_map=wish.label_map,
        bootstrap=wish.bootstrap,
    )


def _constrained_to(wish: ModelWish, yardstick: Yardstick) -> tuple[str, ...] | None:
    if not wish.constrained:
        return None
    return load_vocabulary(str(yardstick.labels)).labels


def _on_videos(wish: ModelWish, opened: OpenedModel) -> Evaluated:
    """Every clip of the data set is measured, encoded and asked about."""
    yardstick = open_yardstick(
        wish.benchmark,
        data=wish.data,
        part=wish.part,
        videos=wish.videos,
        labels=wish.labels,
        label_map=wish.label_map,
        bootstrap=wish.bootstrap,
    )
    clips = {c.name: c.video for c in yardstick.clips or () if c.video is not None}
    if not clips:
        raise SetupError(
            f"{wish.data}: none of its clips has a video here; name them with --videos"
        )
    said = {c.name: c.text for c in yardstick.clips or () if c.text is not None}
    with work_folder(wish.work) as work:
        asked = _wish(wish, opened, yardstick, clips, said, work)
        found = predict(asked, opened)
    names = {PurePath(video).stem: name for name, video in clips.items()}
    predictions = [_prediction(wish, asked, clip, names) for clip in found.clips]
    done = evaluate(predictions, yardstick, out=wish.out, settings=wish.settings, model=found.model)
    return replace(done, failed=done.failed + sum(one.failed for one in found.fallen))


def _wish(
    wish: ModelWish,
    opened: OpenedModel,
    yardstick: Yardstick,
    clips: Mapping[str, str],
    said: Mapping[str, str],
    work: WorkFolder,
) -> Wish:
    """A file is one clip, whatever its length; the data set's own words win over those heard."""
    cut = wish.settings.cut.model_copy(update={"rule": "whole"})
    own = yardstick.benchmark.vocabulary if yardstick.benchmark else None
    told = wish.labels or own or opened.trained.trained_on.vocabulary
    return Wish(
        sources=tuple(clips.values()),
        work=work,
        settings=wish.settings.model_copy(update={"cut": cut}),
        vocabulary=load_vocabulary(told or "merr9"),
        reasons=_task(wish) == "reason",
        constrained=wish.constrained,
        batch_size=wish.batch_size,
        jobs=wish.jobs,
        keep=wish.out / KEPT,
        texts={PurePath(clips[name]).stem: text for name, text in said.items() if name in clips},
    )


def _prediction(
    wish: ModelWish, asked: Wish, clip: PredictedClip, names: Mapping[str, str]
) -> Prediction:
    reason = _task(wish) == "reason"
    return Prediction(
        name=names[PurePath(clip.name).stem],
        answer=(clip.reasons if reason else clip.answer) or None,
        cut=clip.reasons_cut if reason else clip.why == "cut",
        task=_task(wish),
        prompt=question("reason" if reason else "emotion", asked.vocabulary),
        clip_id=clip.clip_id,
    )
