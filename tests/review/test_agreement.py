"""Which votes agreement counts, and what it says of each person."""

import pytest

from review.agreement import agreement, measure
from review.deciding import decide, label_blind
from review.queues import Entry, Gold
from review.votes import Votes
from tests.review.office import accepted, handed, person, queue_of, sample, ticket

UNSEEN = {"saw_marks": False, "saw_label": False}


def votes_of(**people):
    """ann="hhs" -> votes of ann on clips 0, 1, 2; a blank: none."""
    full = {"h": "happy", "s": "sad", "a": "angry"}
    labels = {}
    for name, said in people.items():
        for clip, letter in enumerate(said):
            if letter != " ":
                labels.setdefault(str(clip), {})[name] = (full[letter],)
    return Votes(labels=labels)


def test_only_what_was_said_before_the_machines_answer_was_shown_counts(store):
    ann, ben = person(store), person(store, "ben")
    queue = queue_of(store, 3, reviews=2)
    for who, answers in (
        (ann, [accepted(**UNSEEN), accepted("sad"), accepted("sad", saw_label=False)]),
        (ben, [accepted(**UNSEEN), accepted("sad"), accepted("sad", **UNSEEN)]),
    ):
        for answer in answers:
            decide(store, who, ticket(handed(store, who, queue)), answer)
    found = agreement(store, resamples=10)
    assert (found.label.units, found.label.votes, found.units) == (1, 2, 2)
    assert (found.anchored_labels, found.anchored_verdicts) == (3, 3)


def test_a_blind_label_counts_and_the_one_that_followed_does_not(store):
    ann, ben = person(store), person(store, "ben")
    queue = queue_of(store, 1, mode="label_first", reviews=2)
    for who, label in ((ann, "sad"), (ben, "happy")):
        shown = label_blind(store, who, ticket(handed(store, who, queue)), (label,), 3)
        decide(store, who, ticket(shown), accepted("happy"))
    found = agreement(store, resamples=10)
    assert (found.raw, found.anchored_labels) == (0.0, 0)
    assert found.intensity_ordinal.votes == 2


def test_practice_does_not_count_and_a_queue_can_be_asked_alone(store):
    ann = person(store)
    practice = queue_of(store, [Entry(sample(5), gold=Gold(("sad",)))], name="p", kind="practice")
    work, other = queue_of(store, 1, name="w"), queue_of(store, 2, name="o")
    for queue in (practice, work, other):
        decide(store, ann, ticket(handed(store, ann, queue)), accepted(**UNSEEN))
    assert agreement(store, resamples=0).queues == ("w", "o")
    assert agreement(store, queue="w", resamples=0).units == 1


def test_pairs_share_clips_and_fleiss_takes_those_with_the_commonest_number():
    found = measure(votes_of(ann="hhss", ben="hhsh", cat="hh  "), resamples=0)
    assert [(p.first, p.second, p.units, p.raw) for p in found.cohen] == [
        ("ann", "ben", 4, 0.75),
        ("ann", "cat", 2, 1.0),
        ("ben", "cat", 2, 1.0),
    ]
    assert found.cohen[0].kappa == pytest.approx(0.5)
    assert (found.fleiss.units, found.fleiss.votes_each) == (2, 3)


def test_vitality_is_below_zero_for_who_disagrees_with_everybody():
    found = measure(votes_of(ann="hhssaa", ben="hhssaa", cat="sahash"), resamples=0)
    vitality = {v.person: v.vitality for v in found.vitality}
    assert vitality["cat"] < -0.5
    assert vitality["ann"] > 0 < vitality["ben"]
    without_cat = next(v.without for v in found.vitality if v.person == "cat")
    assert without_cat == pytest.approx(1.0)


def test_each_label_has_an_agreement_of_its_own():
    found = measure(votes_of(ann="hhssaa", ben="hhssha"), resamples=50)
    alphas = {one.label: one.alpha.value for one in found.labels}
    assert alphas["sad"] == 1.0
    assert alphas["angry"] < 1.0 > alphas["happy"]


def test_without_any_vote_nothing_is_claimed():
    found = measure(Votes(), resamples=10)
    assert (found.raw, found.label.value, found.fleiss, found.labels) == (None, None, None, ())
