"""Splits: a hash of the group decides, so that new films move nothing."""

from collections import Counter

import pytest

from pipeline.split import split_of
from schemas.errors import SetupError


def splits(n=5000, seed=0, **given):
    return [split_of(seed, f"video{i}", **given) for i in range(n)]


def test_shares_come_out_as_asked():
    counts = Counter(splits())
    assert 3900 < counts["train"] < 4100
    assert 430 < counts["val"] < 570
    assert 430 < counts["test"] < 570


def test_a_group_keeps_its_split_for_ever():
    assert splits(8) == ["train"] * 6 + ["test", "train"]
    assert splits(5000) == splits(6000)[:5000]


def test_another_seed_cuts_elsewhere():
    same = sum(a == b for a, b in zip(splits(seed=0), splits(seed=1), strict=True))
    assert 3100 < same < 3500  # 0.8^2 + 2 * 0.1^2 = 0.66 by chance


def test_the_order_in_which_shares_are_written_does_not_matter():
    shares = {"train": 0.5, "val": 0.2, "test": 0.3}
    assert splits(shares=shares) == splits(shares=dict(reversed(shares.items())))


def test_a_split_without_a_share_stays_empty():
    assert set(splits(shares={"train": 1.0, "val": 0.0})) == {"train"}
    assert set(splits(shares={"a": 0.7, "b": 0.2, "c": 0.1, "z": 0.0})) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "shares", [{"train": 0.8}, {"train": 1.2, "val": -0.2}, {}, {"train": float("nan")}]
)
def test_shares_that_are_no_shares_are_refused(shares):
    with pytest.raises(SetupError, match="sum to 1"):
        split_of(0, "video", shares)
