"""What can only be judged over the whole set: duplicates and balance."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.selection import Candidate, PublishSettings, leave_out

CANDIDATES = st.lists(
    st.tuples(st.sampled_from(["happy", "sad", "neutral", "angry"]), st.integers(0, 6)),
    max_size=30,
).map(lambda drawn: [Candidate(f"c{i}", label, f"t{t}") for i, (label, t) in enumerate(drawn)])


def many(**counts):
    """So many candidates of each label, all with texts of their own."""
    return [
        Candidate(f"{label}{i}", label, f"{label}{i}")
        for label, count in counts.items()
        for i in range(count)
    ]


def kept(candidates, **settings):
    left = leave_out(candidates, PublishSettings(**settings))
    return Counter(c.label for c in candidates if c.clip_id not in left)


def test_by_default_everything_with_a_text_of_its_own_stays():
    assert kept(many(happy=9, neutral=90)) == {"happy": 9, "neutral": 90}


def test_of_equal_texts_one_stays_and_the_others_say_whose_they_are():
    candidates = [Candidate("b", "sad", "t"), Candidate("a", "happy", "t"), *many(sad=1)]
    left = leave_out(candidates, PublishSettings())
    assert set(left) == {"b"}
    assert (left["b"].stage, left["b"].rule, left["b"].subject) == ("publish", "duplicate", "clip")
    assert "clip a" in left["b"].reason
    assert leave_out(candidates, PublishSettings(drop_duplicates=False)) == {}


def test_a_label_has_at_most_so_many_times_the_rarest():
    assert kept(many(happy=50, sad=4, angry=10), max_ratio=2.5) == {
        "happy": 10,
        "sad": 4,
        "angry": 10,
    }


@pytest.mark.parametrize(
    ("share", "neutral"), [(0.0, 0), (0.2, 2), (0.3, 3), (0.5, 8), (0.99, 20), (1.0, 20)]
)
def test_neutral_is_at_most_its_share(share, neutral):
    assert kept(many(happy=8, neutral=20), neutral_share=share) == Counter(happy=8, neutral=neutral)


def test_a_set_of_neutral_alone_keeps_none_where_it_may_have_a_share():
    assert kept(many(neutral=5), neutral_share=0.3) == {}
    assert kept([], neutral_share=0.3, max_ratio=1) == {}


def test_another_seed_draws_others_but_as_many():
    candidates = many(happy=40, sad=5)
    first, second = (
        set(leave_out(candidates, PublishSettings(max_ratio=2, seed=seed))) for seed in (0, 1)
    )
    assert len(first) == len(second) == 30
    assert first != second


@given(
    CANDIDATES,
    st.integers(0, 3),
    st.none() | st.floats(1, 5),
    st.none() | st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_clips_came_decides_nothing(
    candidates, seed, max_ratio, neutral_share, random
):
    settings = PublishSettings(seed=seed, max_ratio=max_ratio, neutral_share=neutral_share)
    left = leave_out(candidates, settings)
    shuffled = candidates[:]
    random.shuffle(shuffled)
    assert leave_out(shuffled, settings) == left
    texts = [c.text_hash for c in candidates if c.clip_id not in left]
    assert len(texts) == len(set(texts))
    assert set(left) <= {c.clip_id for c in candidates}


@given(CANDIDATES, st.floats(0, 0.99))
def test_the_share_of_neutral_is_never_exceeded(candidates, share):
    found = kept(candidates, neutral_share=share)
    assert found["neutral"] <= share * found.total() + 1e-9


def test_shares_of_the_splits_sum_to_one():
    shares = PublishSettings(train=0.7, val=0.2).shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["test"] == pytest.approx(0.1)


def test_shares_beyond_the_whole_are_refused():
    with pytest.raises(ValidationError, match="more than 1 together"):
        PublishSettings(train=0.9, val=0.2)
