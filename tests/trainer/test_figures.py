"""Figures of a classification: against published ones, by hand, and against scikit-learn."""

import warnings

import numpy as np
import pytest

from schemas.errors import SetupError
from trainer.metrics.bootstrap import BootstrapSettings, interval, resampled_means
from trainer.metrics.confusion import OUTSIDE, UNREADABLE, Confusion, confusion_of
from trainer.metrics.figures import figures_of
from trainer.metrics.scores import scores_of

# MER2023-SEMI as Emotion-LLaMA's released result file has it. How many clips were meant and how
# many of them were right stand there; how often each label was given in all follows: of all ways
# to spread the 79 wrong answers over six labels, this one alone gives the three figures to their
# last digit (accuracy holds for all). Which label was taken for which decides none of them.
PUBLISHED = ("angry", "happy", "neutral", "sad", "surprise", "worried")
MEANT = (183, 169, 166, 257, 14, 45)
RIGHT = (179, 152, 134, 250, 6, 34)
GIVEN_WRONGLY = (19, 14, 16, 14, 6, 10)
QUICK = BootstrapSettings(seed=7, resamples=400)


def published():
    """A matrix with these sums: the wrong answers in an order in which none is right."""
    counts = np.zeros((6, 8), np.int64)
    counts[np.arange(6), np.arange(6)] = RIGHT
    meant = np.repeat(np.arange(6), np.array(MEANT) - RIGHT)
    given = np.repeat(np.arange(6), GIVEN_WRONGLY)
    turned = next(t for t in range(79) if not (np.roll(given, t) == meant).any())
    np.add.at(counts, (meant, np.roll(given, turned)), 1)
    return Confusion(PUBLISHED, counts)


def test_the_published_figures_of_mer2023_come_out_of_its_sums():
    scores = scores_of(published(), QUICK)
    assert scores.clips == 834
    assert round(scores.accuracy, 4) == 0.9053
    assert round(scores.weighted_f1, 5) == 0.90358
    assert round(scores.weighted_precision, 4) == 0.9036
    assert round(scores.macro_f1, 4) == 0.8134
    recalls = [0.978, 0.899, 0.807, 0.973, 0.429, 0.756]
    assert [round(one.recall, 3) for one in scores.classes] == recalls
    assert [one.meant for one in scores.classes] == list(MEANT)


def test_the_interval_of_the_published_figure_holds_it_and_is_two_points_to_a_side():
    found = scores_of(published(), BootstrapSettings(seed=1)).intervals["weighted_f1"]
    assert found.low < 0.90358 < found.high
    assert 0.015 < 0.90358 - found.low < 0.025
    assert 0.015 < found.high - 0.90358 < 0.025


def of(*pairs, labels=("a", "b", "c")):
    return confusion_of(labels, pairs)


def test_a_matrix_counted_by_hand():
    found = scores_of(
        of(("a", "a"), ("a", "b"), ("b", "b"), ("b", UNREADABLE), ("a", OUTSIDE), ("a", "a")),
        QUICK,
    )
    assert found.confusion == ((2, 1, 0, 1, 0), (0, 1, 0, 0, 1), (0, 0, 0, 0, 0))
    assert found.columns == ("a", "b", "c", "outside", "unreadable")
    assert found.accuracy == 3 / 6
    assert found.uar == 1 / 2  # 2/4 and 1/2; nobody meant c
    assert (found.unreadable, found.outside) == (1 / 6, 1 / 6)
    a, b, c = found.classes
    assert (a.precision, a.recall, a.f1) == (1, 0.5, 4 / 6)
    assert (b.precision, b.recall, b.f1) == (0.5, 0.5, 0.5)
    assert (c.precision, c.recall, c.f1) == (None, None, None)
    assert found.macro_f1 == pytest.approx((4 / 6 + 1 / 2) / 2)
    assert found.weighted_f1 == pytest.approx((4 * 4 / 6 + 2 * 1 / 2) / 6)


def test_an_unreadable_answer_is_wrong_for_every_label():
    for meant in ("a", "b", "c"):
        assert scores_of(of((meant, UNREADABLE)), QUICK).accuracy == 0


def test_a_label_that_is_meant_and_not_of_the_set_is_refused_by_name():
    with pytest.raises(SetupError, match="'x': is none of a, b, c"):
        of(("x", "a"))


def test_without_a_clip_there_is_no_score():
    with pytest.raises(SetupError, match="no clip"):
        scores_of(of(), QUICK)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    one, same, other = (
        scores_of(published(), BootstrapSettings(seed=seed, resamples=300)).intervals
        for seed in (3, 3, 4)
    )
    assert one == same
    assert one != other


def test_clips_drawn_one_by_one_spread_as_the_draw_over_cells_does():
    """The same interval by the textbook's way, to a few thousandths."""
    matrix = published()
    cells = np.repeat(np.arange(matrix.counts.size), matrix.counts.ravel())
    draws = np.random.default_rng(5)
    drawn = np.stack(
        [
            np.bincount(draws.choice(cells, len(cells)), minlength=matrix.counts.size)
            for _ in range(1000)
        ]
    ).reshape(-1, *matrix.counts.shape)
    plain = interval(figures_of(drawn).macro_f1)
    ours = scores_of(matrix, BootstrapSettings(seed=5, resamples=1000)).intervals["macro_f1"]
    assert abs(plain.low - ours.low) < 0.01
    assert abs(plain.high - ours.high) < 0.01


def test_means_are_drawn_around_the_mean():
    values = np.array([[0.0, 1.0]] * 50 + [[1.0, 1.0]] * 50)
    means = resampled_means(values, QUICK)
    assert means.shape == (400, 2)
    assert abs(means[:, 0].mean() - 0.5) < 0.01
    assert np.allclose(means[:, 1], 1)


@pytest.mark.slow  # its import takes seconds
@pytest.mark.parametrize("seed", range(20))
def test_scikit_learn_says_the_same(seed):
    from sklearn import metrics

    draws = np.random.default_rng(seed)
    labels = ("a", "b", "c", "d")
    meant = draws.choice(labels[: draws.integers(1, 5)], 30)
    given = draws.choice(labels[: draws.integers(1, 5)], 30)
    scores = scores_of(confusion_of(labels, zip(meant, given, strict=True)), QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that were never given
        recalls = [s.recall for s in scores.classes if s.recall is not None]
        assert scores.weighted_f1 == pytest.approx(
            metrics.f1_score(meant, given, average="weighted")
        )
        assert scores.macro_f1 == pytest.approx(metrics.f1_score(meant, given, average="macro"))
        assert scores.weighted_precision == pytest.approx(
            metrics.precision_score(meant, given, average="weighted")
        )
        assert scores.accuracy == pytest.approx(metrics.accuracy_score(meant, given))
        assert scores.uar == pytest.approx(metrics.balanced_accuracy_score(meant, given))
        assert scores.uar == pytest.approx(np.mean(recalls))
