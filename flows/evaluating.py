"""`merr evaluate`: answers of a model against what was meant, by the yardstick of a benchmark."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from flows.judging import Judged, judge_by_chat
from pipeline.settings import Settings
from schemas.errors import SetupError
from schemas.label import Vocabulary, load_vocabulary
from schemas.parquet import atomic_path
from trainer.benchmarks.clips import BenchmarkClip
from trainer.benchmarks.dfew import dfew_labels
from trainer.benchmarks.known import BENCHMARKS, Benchmark
from trainer.evaluation import (
    DataUse,
    Evaluation,
    LabelMap,
    ModelUse,
    Scored,
    ScoredAnswer,
    check_label_map,
    digest_of,
    prompts_of,
    read_label_map,
    score_labels,
    score_words,
    with_truth,
)
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.metrics.overlap import Described, Judgement, overlap_scores, questions_of
from trainer.predictions import Prediction, write_predictions

RESULT: Final = "evaluation.json"
ANSWERS: Final = "answers.jsonl"
JUDGEMENTS: Final = "judgements.jsonl"
STORE: Final = "answers.sqlite"
ANY: Final = "labels"  # any clips with labels of one set


@dataclass(frozen=True)
class Yardstick:
    """How answers are measured. `clips` are those of the data, where it was given."""

    name: str
    benchmark: Benchmark | None  # None: any labels
    labels: str | None  # a label set by name or file, over the benchmark's own
    label_map: Path | None
    bootstrap: BootstrapSettings
    clips: tuple[BenchmarkClip, ...] | None = None
    data: DataUse | None = None


@dataclass(frozen=True)
class Evaluated:
    """`waiting`: the judge's answers come with a batch; then there is no evaluation yet."""

    evaluation: Evaluation | None
    failed: int  # questions that were not judged
    waiting: int = 0


def open_yardstick(
    name: str,
    *,
    data: Path | None,
    part: str | None,
    videos: Path | None,
    labels: str | None,
    label_map: Path | None,
    bootstrap: BootstrapSettings,
) -> Yardstick:
    """Reads the data set where one is given. SetupError for what does not fit together."""
    if name != ANY and name not in BENCHMARKS:
        raise SetupError(f"no benchmark {name!r}; choose {', '.join([*BENCHMARKS, ANY])}")
    yardstick = Yardstick(name, BENCHMARKS.get(name), labels, label_map, bootstrap)
    if yardstick.benchmark is None and labels is None:
        raise SetupError(f"--benchmark {ANY} needs the label set: --labels NAME or a .toml file")
    if yardstick.benchmark is None and data is not None:
        raise SetupError(f"--benchmark {ANY} has no layout of folders; labels stand in the table")
    if yardstick.benchmark is None or data is None:
        return yardstick
    chosen = part or yardstick.benchmark.parts[0]
    clips = yardstick.benchmark.read(data, chosen, videos)
    digest = digest_of([(clip.name, clip.label) for clip in clips])
    use = DataUse(folder=str(data), part=chosen, digest=digest, clips=len(clips))
    return replace(yardstick, clips=clips, data=use)


def evaluate(
    predictions: Sequence[Prediction],
    yardstick: Yardstick,
    *,
    out: Path,
    settings: Settings,
    model: ModelUse | None = None,
) -> Evaluated:
    """Writes the answers one by one, then the figures, and for EMER what the judge said."""
    asked = with_truth(predictions, yardstick.clips)
    if not asked:
        raise SetupError("there is no answer to evaluate")
    out.mkdir(parents=True, exist_ok=True)
    kind = yardstick.benchmark.kind if yardstick.benchmark else "labels"
    if kind == "descriptions":
        return _described(asked, yardstick, out, settings, model)
    if kind == "words":
        scored = score_words(asked, yardstick.bootstrap)
    else:
        vocabulary = _vocabulary(yardstick)
        label_map = _label_map(yardstick, vocabulary)
        scored = score_labels(asked, vocabulary, label_map, yardstick.bootstrap)
    write_predictions(out / ANSWERS, scored.answers)
    return Evaluated(_written(asked, yardstick, out, model, scored), failed=0)


def _described(
    asked: Sequence[Prediction],
    yardstick: Yardstick,
    out: Path,
    settings: Settings,
    model: ModelUse | None,
) -> Evaluated:
    told = [Described(p.name, p.label or "", None if p.cut else _said(p)) for p in asked]
    judged = judge_by_chat(questions_of(told), settings, out / STORE)
    _write_judgements(out / JUDGEMENTS, judged.judgements)
    if judged.waiting:
        return Evaluated(None, failed=0, waiting=judged.waiting)
    answers = [
        ScoredAnswer(**p.model_dump(), read=d.answer, why=None if d.answer else "empty")
        for p, d in zip(asked, told, strict=True)
    ]
    write_predictions(out / ANSWERS, answers)
    found = _written(asked, yardstick, out, model, Scored(tuple(answers)), (told, judged))
    return Evaluated(found, failed=sum(j.score is None for j in judged.judgements))


def _written(
    asked: Sequence[Prediction],
    yardstick: Yardstick,
    out: Path,
    model: ModelUse | None,
    scored: Scored,
    judged: tuple[list[Described], Judged] | None = None,
) -> Evaluation:
    overlap = None
    if judged is not None:
        described, said = judged
        overlap = overlap_scores(described, said.judgements, said.by, yardstick.bootstrap)
    found = Evaluation(
        benchmark=yardstick.name,
        kind=yardstick.benchmark.kind if yardstick.benchmark else "labels",
        merr=version("merr"),
        clips=len(asked),
        unanswered=sum(p.answer is None for p in asked),
        answers_digest=digest_of([(p.name, p.answer) for p in asked]),
        prompts=prompts_of(asked),
        data=yardstick.data,
        model=model,
        labels=scored.labels,
        words=scored.words,
        overlap=overlap,
    )
    with atomic_path(out / RESULT) as path:
        path.write_text(found.model_dump_json(indent=2) + "\n", "utf-8")
    return found


def _said(prediction: Prediction) -> str | None:
    text = (prediction.answer or "").strip()
    return text or None


def _vocabulary(yardstick: Yardstick) -> Vocabulary:
    own = yardstick.benchmark.vocabulary if yardstick.benchmark else None
    name = yardstick.labels or own
    assert name is not None  # noqa: S101 - `open_yardstick` has seen to it
    return load_vocabulary(name)


def _label_map(yardstick: Yardstick, vocabulary: Vocabulary) -> LabelMap:
    if yardstick.label_map is not None:
        return read_label_map(yardstick.label_map, vocabulary)
    declared = dfew_labels().answers if yardstick.name == "dfew" else {}
    found = LabelMap(name="dfew.toml" if yardstick.name == "dfew" else "none", answers=declared)
    check_label_map(found, vocabulary)
    return found


def _write_judgements(path: Path, judgements: Sequence[Judgement]) -> None:
    with atomic_path(path) as unfinished:
        unfinished.write_text("".join(f"{j.model_dump_json()}\n" for j in judgements), "utf-8")


def folder_digest(folder: Path) -> str:
    """sha256 over the names and bytes of all files of a folder, in the order of the names."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
    return found.hexdigest()
