"""One evaluation: what was asked of what, how each answer was read, and the figures."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import SetupError
from schemas.label import Vocabulary
from schemas.units import Row
from trainer.benchmarks.clips import BenchmarkClip
from trainer.benchmarks.known import Kind
from trainer.metrics.answers import LabelReader, knows_original_rule, original_label
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.metrics.confusion import confusion_of
from trainer.metrics.figures import figures_of
from trainer.metrics.overlap import OverlapScores
from trainer.metrics.scores import Scores, scores_of
from trainer.metrics.word_levels import load_words
from trainer.metrics.word_sets import WordSetScores, pairs_of, word_set_scores, words_of
from trainer.predictions import Prediction

RULE: Final = (
    "the one label named, as label, alias or mapped word; none, several, refusals and cut answers "
    "are unreadable and wrong"
)


class LabelMap(Row):
    """Words of a model that count as a label of the set though they are none of it."""

    name: str
    answers: dict[str, str]


class OriginalFigures(Row):
    """The same answers as Emotion-LLaMA's own script scores them: the last word counts, and what
    is no label counts as neutral."""

    accuracy: float
    weighted_f1: float
    weighted_precision: float
    macro_f1: float
    forced_neutral: int  # answers that were taken as neutral because they were no label


class LabelEvaluation(Row):
    labels: tuple[str, ...]
    rule: str
    label_map: LabelMap
    unread: dict[str, int]  # answers that gave no label, by why
    scores: Scores
    as_original: OriginalFigures | None  # None where the label set has no neutral


class ModelUse(Row):
    """Which model answered, and how it was asked."""

    folder: str
    digest: str  # sha256 over the names and bytes of its files
    base: str | None  # the language model it stands on
    constrained: bool
    batch_size: int
    max_new_tokens: int


class DataUse(Row):
    folder: str
    part: str
    digest: str  # sha256 over names and labels; of a release its own
    clips: int


class ScoredAnswer(Prediction):
    """`read` is what the answer was taken for; None where `why` says why nothing was."""

    read: str | None = None
    why: str | None = None
    right: bool | None = None  # None where right and wrong are no question of one clip


class Evaluation(Row):
    """Everything that says what the figures are figures of."""

    benchmark: str
    kind: Kind
    merr: str  # version of this program
    clips: int
    unanswered: int  # clips of the data without an answer; wrong
    answers_digest: str  # sha256 over names and answers, in order
    prompts: tuple[str, ...]  # as they were put, sorted; empty where nobody says
    data: DataUse | None
    model: ModelUse | None
    labels: LabelEvaluation | None = None
    words: WordSetScores | None = None
    overlap: OverlapScores | None = None


@dataclass(frozen=True)
class Scored:
    answers: tuple[ScoredAnswer, ...]
    labels: LabelEvaluation | None = None
    words: WordSetScores | None = None


def with_truth(
    predictions: Sequence[Prediction], clips: Sequence[BenchmarkClip] | None
) -> tuple[Prediction, ...]:
    """Predictions with their labels, one for every clip of the data, in its order.

    SetupError where a label is missing, or an answer is to no clip of the data.
    """
    if clips is None:
        bare = next((p for p in predictions if p.label is None), None)
        if bare is not None:
            raise SetupError(
                f"{bare.name!r} has no label; give a column `label`, or the data set with --data"
            )
        return tuple(predictions)
    given = {p.name: p for p in predictions}
    if len(given) < len(predictions):
        raise SetupError("several answers to one clip; a benchmark takes one for each")
    strangers = sorted(given.keys() - {clip.name for clip in clips})
    if strangers:
        raise SetupError(
            f"{len(strangers)} answers are to no clip of the data, e.g. {strangers[0]!r}; is it "
            "the right part (--part)?"
        )
    none = Prediction(name="-", answer=None)
    return tuple(
        given.get(clip.name, none).model_copy(update={"name": clip.name, "label": clip.label})
        for clip in clips
    )


def score_labels(
    predictions: Sequence[Prediction],
    vocabulary: Vocabulary,
    label_map: LabelMap,
    bootstrap: BootstrapSettings,
) -> Scored:
    reader = LabelReader(vocabulary, label_map.answers)
    meant = [_meant(one, vocabulary) for one in predictions]
    read = [reader.read(one.answer, cut=one.cut) for one in predictions]
    columns = [answer.column for answer in read]
    scores = scores_of(confusion_of(vocabulary.labels, zip(meant, columns, strict=True)), bootstrap)
    found = LabelEvaluation(
        labels=vocabulary.labels,
        rule=RULE,
        label_map=label_map,
        unread=dict(sorted(Counter(a.why for a in read if a.why is not None).items())),
        scores=scores,
        as_original=_as_original(predictions, meant, vocabulary),
    )
    answers = [
        _scored(one, answer.label, answer.why, answer.label == label)
        for one, answer, label in zip(predictions, read, meant, strict=True)
    ]
    return Scored(tuple(answers), labels=found)


def score_words(predictions: Sequence[Prediction], bootstrap: BootstrapSettings) -> Scored:
    meant = {one.name: one.label or "" for one in predictions}
    given = {one.name: None if one.cut else one.answer for one in predictions}
    found = word_set_scores(pairs_of(meant, given), load_words(), bootstrap)
    answers = []
    for one in predictions:
        words = None if one.cut else words_of(one.answer)
        read = None if words is None else ", ".join(sorted(words))
        answers.append(_scored(one, read, None if words else "no_words", None))
    return Scored(tuple(answers), words=found)


def digest_of(pairs: Sequence[tuple[str, str | None]]) -> str:
    """sha256 over pairs in their order; None is not the empty text."""
    found = hashlib.sha256()
    for name, text in pairs:
        found.update(repr((name, text)).encode())
    return found.hexdigest()


def read_label_map(path: Path, vocabulary: Vocabulary) -> LabelMap:
    """A TOML file with a table [answers]: word = label. SetupError for any other."""
    try:
        answers = tomllib.loads(path.read_text("utf-8"))["answers"]
        found = LabelMap(name=path.name, answers={str(k).lower(): v for k, v in answers.items()})
    except FileNotFoundError:
        raise SetupError(f"{path}: there is no such file") from None
    except (OSError, ValueError, KeyError, AttributeError) as e:
        raise SetupError(f"{path}: expected a table [answers] of word = label ({e})") from e
    check_label_map(found, vocabulary)
    return found


def check_label_map(label_map: LabelMap, vocabulary: Vocabulary) -> None:
    strangers = sorted(set(label_map.answers.values()) - set(vocabulary.labels))
    if strangers:
        raise SetupError(
            f"{label_map.name}: {strangers[0]!r} is none of {', '.join(vocabulary.labels)}"
        )


def _meant(one: Prediction, vocabulary: Vocabulary) -> str:
    label = vocabulary.canonical(one.label or "")
    if label is None:
        raise SetupError(
            f"{one.name}: its label {one.label!r} is none of {', '.join(vocabulary.labels)}; "
            "choose the label set with --labels"
        )
    return label


def _scored(one: Prediction, read: str | None, why: str | None, right: bool | None) -> ScoredAnswer:
    return ScoredAnswer(**one.model_dump(), read=read, why=why, right=right)


def _as_original(
    predictions: Sequence[Prediction], meant: Sequence[str], vocabulary: Vocabulary
) -> OriginalFigures | None:
    if not knows_original_rule(vocabulary):
        return None
    read = [original_label(one.answer, vocabulary) for one in predictions]
    found = figures_of(confusion_of(vocabulary.labels, zip(meant, read, strict=True)).counts)
    forced = (
        label == "neutral" and (one.answer or "").split(" ")[-1] != "neutral"
        for one, label in zip(predictions, read, strict=True)
    )
    return OriginalFigures(
        accuracy=float(found.accuracy),
        weighted_f1=float(found.weighted_f1),
        weighted_precision=float(found.weighted_precision),
        macro_f1=float(found.macro_f1),
        forced_neutral=sum(forced),
    )


def prompts_of(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    return tuple(sorted({one.prompt for one in predictions if one.prompt is not None}))
