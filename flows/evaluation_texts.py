"""An evaluation in words, for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.sources import shown
from trainer.evaluation import Evaluation, LabelEvaluation
from trainer.metrics.bootstrap import Interval
from trainer.metrics.overlap import OverlapScores
from trainer.metrics.scores import Scores
from trainer.metrics.word_sets import WordSetScores

_NAMES: Final = {
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "accuracy": "accuracy (WAR)",
    "uar": "UAR",
}
_MOST_UNKNOWN: Final = 12


def evaluation_text(found: Evaluation) -> str:
    lines = [_head(found), ""]
    if found.labels is not None:
        lines += _labels(found.labels)
    if found.words is not None:
        lines += _words(found.words)
    if found.overlap is not None:
        lines += _overlap(found.overlap)
    return "\n".join(map(shown, lines))  # answers and names are foreign: none may steer a terminal


def _head(found: Evaluation) -> str:
    of = f" of {found.data.part}" if found.data else ""
    none = f", {found.unanswered} without an answer" if found.unanswered else ""
    return f"{found.benchmark}: {found.clips} clips{of}{none}"


def _labels(found: LabelEvaluation) -> Iterator[str]:
    scores = found.scores
    for name, words in _NAMES.items():
        yield f"{words:<16}{_figure(getattr(scores, name), scores.intervals.get(name))}"
    yield f"{'unreadable':<16}{scores.unreadable:.4f}{_counted(found.unread)}"
    if scores.outside:
        yield f"{'outside the set':<16}{scores.outside:.4f}"
    if found.as_original is not None:
        yield (
            f"as the original scores it: weighted F1 {found.as_original.weighted_f1:.5f}, accuracy "
            f"{found.as_original.accuracy:.4f}, {found.as_original.forced_neutral} answers taken "
            "as neutral"
        )
    yield ""
    yield from _classes(scores)
    yield ""
    yield from _confusion(scores)


def _classes(scores: Scores) -> Iterator[str]:
    yield f"{'label':<12}{'precision':>10}{'recall':>8}{'F1':>8}{'meant':>8}{'given':>8}"
    for one in scores.classes:
        yield (
            f"{one.label:<12}{_share(one.precision):>10}{_share(one.recall):>8}{_share(one.f1):>8}"
            f"{one.meant:>8}{one.given:>8}"
        )


def _confusion(scores: Scores) -> Iterator[str]:
    yield "meant \\ given " + "".join(f"{name[:10]:>11}" for name in scores.columns)
    for one, row in zip(scores.classes, scores.confusion, strict=True):
        yield f"{one.label:<14}" + "".join(f"{count:>11}" for count in row)


def _words(found: WordSetScores) -> Iterator[str]:
    yield f"{'level':<18}{'precision':>10}{'recall':>8}{'F1':>8}   95 % of F1"
    for one in found.levels:
        yield (
            f"{one.level:<18}{one.precision:>10.4f}{one.recall:>8.4f}{one.f1:>8.4f}   "
            f"{_interval(one.f1_interval)}"
        )
    if found.wheel_f1 is not None:
        yield f"mean F1 over the families of merr's wheels: {found.wheel_f1:.4f}"
    yield f"unreadable answers: {found.unreadable:.4f}"
    if found.unknown:
        some = ", ".join(found.unknown[:_MOST_UNKNOWN])
        more = len(found.unknown) - _MOST_UNKNOWN
        yield f"words that no file knows: {some}{f' and {more} more' if more > 0 else ''}"


def _overlap(found: OverlapScores) -> Iterator[str]:
    low, high = found.scale
    yield f"judge: {found.judge.model} at {found.judge.endpoint}; scale {low} to {high}"
    for one in found.criteria:
        score = "no score" if one.score is None else f"{one.score:.2f}"
        yield (
            f"{one.criterion + ' overlap':<16}{score} {_interval(one.interval, digits=2)} over "
            f"{one.clips} clips{_counted(one.failed, 'not judged: ')}"
        )
        if one.order_gap is not None:
            yield f"{'':<16}answer first scores {one.order_gap:+.2f} against truth first"


def _figure(value: float, spread: Interval | None) -> str:
    return f"{value:.4f}  {_interval(spread)}"


def _interval(spread: Interval | None, *, digits: int = 4) -> str:
    return "" if spread is None else f"[{spread.low:.{digits}f}, {spread.high:.{digits}f}]"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _counted(counts: Mapping[str, int], head: str = "") -> str:
    return f"  {head}" + ", ".join(f"{k} {n}" for k, n in counts.items()) if counts else ""
