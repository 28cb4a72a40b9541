"""What comes into a queue: from a work folder, from a release, by filter, in which order."""

import pytest

from review.choosing import Choice, choose, pairs, priority_of
from review.sources import samples_of_release, samples_of_work
from schemas.clues import ClaimCheck
from schemas.errors import SetupError
from tests.review.office import sample

AGAINST = ClaimCheck(
    clue=0, claim="He smiles.", modality="face", words="smiles", verdict="contradicted",
    evidence=(), frame_index=None, start_s=None, end_s=None, proxy=False, reason="no AU12",
)  # fmt: skip
MANY = [
    sample(0, label="happy"),
    sample(1, label="sad", disputed=True),
    sample(2, label="sad", tier="fine", claims=(AGAINST,), disputed=True),
    sample(3, label="sad", confidence=0.4),
    sample(4, label="angry", confidence=0.9, tier="fine"),
]


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (Choice(), {0, 1, 2, 3, 4}),
        (Choice(labels=("sad", "angry")), {1, 2, 3, 4}),
        (Choice(tier="fine"), {2, 4}),
        (Choice(contradicted=True), {2}),
        (Choice(disputed=True), {1, 2}),
        (Choice(below=0.5), {3}),
        (Choice(disputed=True, tier="coarse"), {1}),
    ],
)
def test_a_filter_takes_what_it_says(choice, numbers):
    assert {int(s.clip.video_id[5:]) for s in choose(MANY, choice)} == numbers


def test_so_many_per_label_are_drawn_by_the_seed_and_not_by_order():
    many = [sample(i, label=("sad", "happy")[i % 2]) for i in range(40)]
    drawn = choose(many, Choice(per_label=3, seed=1))
    assert [s.told.label for s in drawn].count("sad") == 3 == len(drawn) / 2
    assert choose(many[::-1], Choice(per_label=3, seed=1)) == drawn
    assert choose(many, Choice(per_label=3, seed=2)) != drawn


def test_disputed_and_contradicted_come_first():
    assert [priority_of(s) for s in MANY] == [0, 1, 2, 0, 0]


def test_only_texts_that_differ_are_compared():
    other = [sample(0), sample(1, text="Another."), sample(9, text="Nobody's.")]
    ((one, two),) = pairs([sample(0), sample(1), sample(2)], other)
    assert (one.told.text, two.told.text) == ("Text 1 of a machine.", "Another.")


def test_a_work_folder_and_its_release_show_the_same_texts(built, release):
    work = {s.told.sample_id: s for s in samples_of_work(built.open())}
    published = {s.told.sample_id: s for s in samples_of_release(release)}
    assert len(work) > 3
    assert work.keys() == published.keys()
    for sample_id, one in work.items():
        assert one == published[sample_id]


def test_what_is_shown_of_a_clip_does_not_tell_its_label(built):
    for one in samples_of_work(built.open()):
        assert one.clip.items
        assert f'"{one.told.label}"' not in one.clip.model_dump_json()


def test_a_folder_that_is_no_release_is_named(tmp_path):
    with pytest.raises(SetupError, match="is not a release"):
        list(samples_of_release(tmp_path))
