"""What leads see and settle: progress, gold, disagreements."""

import pytest

from review.adjudicating import adjudicate
from review.deciding import decide, skip
from review.errors import ConflictError, ForbiddenError
from review.handout import Idle, next_item
from review.history import own_history, versions_of
from review.progress import progress
from review.queues import Entry, Gold, QueueSettings, open_queue, queues_for
from tests.review.office import LABELS, accepted, handed, person, queue_of, sample, ticket


def test_progress_counts_items_people_time_and_gold(office):
    store = office.store
    ann, ben = person(store), person(store, "ben")
    gold = Entry(sample(7), gold=Gold(("sad",)))
    queue = queue_of(store, [sample(0), sample(1), gold], reviews=2)
    for who, label in ((ann, "sad"), (ben, "happy")):
        for _ in range(2):
            decide(store, who, ticket(handed(store, who, queue)), accepted(label))
        skip(store, who, ticket(handed(store, who, queue)))
    told = progress(store, queue)
    assert (told.items, told.decisions, told.needed, told.leased) == (3, 4, 4, 0)
    assert [(p.name, p.decisions, p.skipped, p.median_s) for p in told.people] == [
        ("ann", 2, 1, 12.5),
        ("ben", 2, 1, 12.5),
    ]
    right = {p.name: (p.gold_right, p.gold_asked) for p in told.people}
    asked = right["ann"][1]
    assert right == {"ann": (asked, asked), "ben": (0, asked)}


def test_disagreements_come_to_the_lead_with_all_versions(store):
    ann, ben, lead = person(store), person(store, "ben"), person(store, "lea", "lead")
    queue = queue_of(store, 2, reviews=2)
    for who, labels in ((ann, ("sad", "sad")), (ben, ("sad", "happy"))):
        for label in labels:
            decide(store, who, ticket(handed(store, who, queue)), accepted(label))
    own, new = adjudicate(store, queue)
    assert (own.kind, new) == ("adjudication", 1)
    assert adjudicate(store, queue)[1] == 0
    with pytest.raises(ForbiddenError):
        next_item(store, ann, own.queue_id)
    handout = handed(store, lead, own)
    assert sorted(d.labels for d in versions_of(store, lead, handout.item_id)) == [
        ("happy",),
        ("sad",),
    ]
    with pytest.raises(ForbiddenError):
        versions_of(store, ben, handout.item_id)
    decide(store, lead, ticket(handout), accepted("happy", saw_label=False))
    assert own_history(store, lead)[0].saw_label
    assert next_item(store, lead, own.queue_id) == Idle(why="finished")
    with store.read() as db:
        assert own.queue_id not in {q.queue_id for q in queues_for(db, ann)}


def test_a_queue_is_not_opened_again_to_ask_otherwise(store):
    queue = queue_of(store)
    told = QueueSettings(name=queue.name, labels=LABELS, source="x", reviews=3)
    with pytest.raises(ConflictError, match="give another name"):
        open_queue(store, told)
