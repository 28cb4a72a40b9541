"""Coefficients against published worked examples, and against another implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.coefficients import alpha, cohen, fleiss, raw_agreement

N = None
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C and D: four observers,
# twelve units, gaps. Nominal .743; section D ordinal .815, interval .849.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
# The same paper, section A: two observers, ten units, two values. .095.
TWO_OBSERVERS = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
# Cohen, A coefficient of agreement for nominal scales (1960), table of 200 diagnoses. .492.
COHEN = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
# Fleiss, Measuring nominal scale agreement among many raters (1971): 30 patients, six
# psychiatrists; depression, personality disorder, schizophrenia, neurosis, other. .430.
FLEISS = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050
02031 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""


def counts_of(raters):
    values = sorted({v for rater in raters for v in rater if v is not None})
    table = [[unit.count(v) for v in values] for unit in map(list, zip(*raters, strict=True))]
    return np.array(table, dtype=float), values


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_that_of_krippendorffs_example(metric, published):
    counts, values = counts_of(FOUR_OBSERVERS)
    found = alpha(counts, metric, values)
    assert round(found.value, 3) == published
    assert (found.units, found.votes) == (11, 40)
    assert found.low < found.value < found.high <= 1


def test_alpha_of_two_values_is_that_of_krippendorffs_example():
    assert round(alpha(counts_of(TWO_OBSERVERS)[0]).value, 3) == 0.095


def test_cohens_kappa_is_that_of_his_example():
    pairs = [(str(i), str(j)) for i in range(3) for j in range(3) for _ in range(COHEN[i][j])]
    assert round(cohen(*zip(*pairs, strict=True)), 3) == 0.492


def test_fleiss_kappa_is_that_of_his_example():
    counts = np.array([[int(c) for c in row] for row in FLEISS.split()], dtype=float)
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]  # his column totals
    assert round(fleiss(counts), 3) == 0.43
    assert round(raw_agreement(counts), 3) == 0.556  # his mean of P_i


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([N, 1, 2, 4, 5]), min_size=3, max_size=3), min_size=2,
                max_size=12), st.sampled_from(["nominal", "ordinal", "interval"]))  # fmt: skip
def test_alpha_is_what_another_implementation_finds(units, metric):
    krippendorff = pytest.importorskip("krippendorff", reason="of the extra `dev`")
    counts, values = counts_of(list(map(list, zip(*units, strict=True))))
    ours = alpha(counts, metric, values, resamples=0).value
    pairable = [u for u in units if sum(v is not None for v in u) >= 2]
    if len({v for u in pairable for v in u if v is not None}) < 2:
        assert ours is None
        return
    theirs = krippendorff.alpha(
        value_counts=counts, value_domain=values, level_of_measurement=metric
    )
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_interval_is_the_same_for_the_same_seed_and_narrower_for_more_units():
    counts, values = counts_of(FOUR_OBSERVERS)
    few = alpha(counts, "nominal", values, seed=3)
    assert few == alpha(counts, "nominal", values, seed=3)
    many = alpha(np.tile(counts, (20, 1)), "nominal", values, seed=3)
    assert many.high - many.low < (few.high - few.low) / 3


@pytest.mark.parametrize(
    "counts", [np.empty((0, 0)), np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [3.0, 0.0]])]
)
def test_without_pairs_or_without_differences_there_is_no_alpha(counts):
    found = alpha(counts)
    assert (found.value, found.low, found.high) == (None, None, None)


def test_fleiss_wants_the_same_number_of_votes_everywhere():
    with pytest.raises(ValueError, match="2 to 3 votes"):
        fleiss(np.array([[2.0, 0.0], [2.0, 1.0]]))
