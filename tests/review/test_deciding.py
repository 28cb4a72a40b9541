"""Handing out and deciding: leases, tabs, people, undo, drafts."""

import pytest

from review.deciding import decide, flag, label_blind, skip
from review.drafts import save_draft
from review.errors import ConflictError, InvalidError, LeaseLostError, MissingError
from review.handout import Handout, Idle, give_back, next_item, renew
from review.history import own_history, own_work
from review.queues import Entry, Gold, fill, hand_over, pause, set_members
from review.undoing import undo
from schemas.review import Answer
from tests.review.office import accepted, handed, person, queue_of, sample, ticket

# ---- one person


def test_a_decision_is_kept_with_who_when_what_and_of_which_text(office):
    store, ann = office.store, person(office.store)
    queue = queue_of(store)
    handout = handed(store, ann, queue)
    answer = accepted("sad", intensity=4, note="eyes", saw_marks=False, saw_label=False)
    decide(store, ann, ticket(handout), answer)
    (kept,) = own_history(store, ann)
    assert (kept.labels, kept.intensity, kept.verdict, kept.note) == (("sad",), 4, "accept", "eyes")
    assert kept.text_hash == handout.told.text_hash
    assert (kept.person, kept.at) == (ann.pseudonym, "2025-11-24T16:00:00.000+00:00")
    assert (kept.seconds, kept.saw_marks, kept.saw_label, kept.stands) == (12.5, False, False, True)
    assert own_work(store, ann).decisions == 1


def test_each_sample_comes_once_and_then_the_queue_is_finished(store):
    ann, queue = person(store), queue_of(store, 3)
    seen = set()
    for _ in range(3):
        handout = handed(store, ann, queue)
        seen.add(handout.item_id)
        decide(store, ann, ticket(handout), accepted())
    assert len(seen) == 3
    assert next_item(store, ann, queue.queue_id) == Idle(why="finished")


def test_the_same_request_sent_twice_counts_once(store):
    ann, queue = person(store), queue_of(store, 1, reviews=2)
    sent = ticket(handed(store, ann, queue), "r1")
    assert decide(store, ann, sent, accepted()) == decide(store, ann, sent, accepted())
    assert len(own_history(store, ann)) == 1


def test_a_request_named_like_one_of_another_is_refused(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store, 1, reviews=2)
    decide(store, ann, ticket(handed(store, ann, queue), "r1"), accepted())
    with pytest.raises(ConflictError, match="name of another"):
        decide(store, ben, ticket(handed(store, ben, queue), "r1"), accepted())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(labels=("happy",)), "choose what to do"),
        (Answer(verdict="accept"), "accept needs a label"),
        (Answer(verdict="accept", labels=("joyful",)), "'joyful' is no label"),
        (Answer(verdict="accept", labels=("sad", "sad")), "given twice"),
        (Answer(verdict="reject"), "needs a reason"),
        (Answer(verdict="edit", labels=("sad",)), "edit needs a text"),
        (Answer(verdict="edit", labels=("sad",), edited_text="  "), "edit needs a text"),
        (Answer(verdict="edit", labels=("sad",), edited_text="Text 0 of a machine."), "as it was"),
        (Answer(verdict="accept", labels=("sad",), edited_text="Other."), "was changed"),
        (Answer(verdict="cannot_tell", intensity=3), "intensity needs a label"),
        (Answer(verdict="accept", labels=("sad",), preference="a1"), "choose what to do"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_the_sample_stays(store, answer, words):
    ann, queue = person(store), queue_of(store)
    handout = handed(store, ann, queue)
    with pytest.raises(InvalidError, match=words):
        decide(store, ann, ticket(handout), answer)
    assert own_history(store, ann) == []
    assert handed(store, ann, queue) == handout


# ---- two tabs


def test_two_tabs_show_the_same_sample_and_the_second_decision_is_refused(store):
    ann, queue = person(store), queue_of(store, 2, reviews=2)
    left, right = handed(store, ann, queue), handed(store, ann, queue)
    assert left == right
    decide(store, ann, ticket(left), accepted("happy"))
    with pytest.raises(ConflictError, match="another tab"):
        decide(store, ann, ticket(right), accepted("sad"))
    assert [d.labels for d in own_history(store, ann)] == [("happy",)]


def test_two_tabs_cannot_overwrite_each_others_draft(store):
    ann, queue = person(store), queue_of(store)
    item = handed(store, ann, queue).item_id
    assert save_draft(store, ann, item, Answer(note="left"), version=0) == 1
    with pytest.raises(ConflictError, match="another tab saved"):
        save_draft(store, ann, item, Answer(note="right"), version=0)
    assert save_draft(store, ann, item, Answer(note="both"), version=1) == 2


# ---- several people


def test_nobody_gets_a_sample_that_others_are_at_when_it_needs_no_more(office):
    store = office.store
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    handed(store, ann, queue)
    assert next_item(store, ben, queue.queue_id) == Idle(why="waiting")
    office.clock.pass_by(minutes=16)
    assert isinstance(next_item(store, ben, queue.queue_id), Handout)


def test_a_late_decision_is_taken_as_long_as_there_is_room(office):
    store, queue = office.store, queue_of(office.store)
    ann = person(store)
    handout = handed(store, ann, queue)
    office.clock.pass_by(minutes=60)
    decide(store, ann, ticket(handout), accepted())
    assert own_work(store, ann).decisions == 1


def test_a_late_decision_is_refused_when_the_sample_went_to_somebody_else(office):
    store, queue = office.store, queue_of(office.store)
    ann, ben = person(store), person(store, "ben")
    late = handed(store, ann, queue)
    office.clock.pass_by(minutes=16)
    handout = handed(store, ben, queue)
    with pytest.raises(LeaseLostError, match="ran out"):
        decide(store, ann, ticket(late), accepted())
    with pytest.raises(ConflictError, match="ran out"):
        renew(store, ann, late.item_id, late.lease_id)
    decide(store, ben, ticket(handout), accepted())
    with pytest.raises(LeaseLostError):
        decide(store, ann, ticket(late), accepted())


def test_a_lease_that_is_renewed_does_not_run_out(office):
    store, queue = office.store, queue_of(office.store)
    ann, ben = person(store), person(store, "ben")
    handout = handed(store, ann, queue)
    for _ in range(3):
        office.clock.pass_by(minutes=10)
        renew(store, ann, handout.item_id, handout.lease_id)
    assert next_item(store, ben, queue.queue_id) == Idle(why="waiting")


def test_what_was_never_handed_out_can_be_neither_decided_nor_drafted(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store, 1, reviews=2)
    theirs = handed(store, ann, queue)
    with pytest.raises(MissingError):
        decide(store, ben, ticket(theirs), accepted())
    with pytest.raises(MissingError):
        save_draft(store, ben, theirs.item_id, Answer(note="x"), version=0)
    with pytest.raises(ConflictError):
        renew(store, ben, theirs.item_id, theirs.lease_id)


def test_a_sample_given_back_goes_to_others_at_once(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    give_back(store, ann, handed(store, ann, queue).item_id)
    assert handed(store, ben, queue)


def test_the_disputed_and_contradicted_come_first(store):
    ann = person(store)
    queue = queue_of(store, [sample(i, disputed=i == 3) for i in range(5)])
    assert handed(store, ann, queue).told.disputed


# ---- undo, skip, flag, drafts


def test_undo_brings_the_sample_back_with_what_was_answered(store):
    ann, queue = person(store), queue_of(store, 2)
    first = handed(store, ann, queue)
    made = decide(store, ann, ticket(first), accepted("sad", note="hm"))
    decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    back = undo(store, ann, made.event_id, "u1")
    assert (back.item_id, back.draft.answer.labels) == (first.item_id, ("sad",))
    decide(store, ann, ticket(back), accepted("angry"))
    assert [(d.kind, d.stands, d.labels) for d in reversed(own_history(store, ann))] == [
        ("decide", False, ("sad",)),
        ("decide", True, ("happy",)),
        ("undo", False, ()),
        ("decide", True, ("angry",)),
    ]
    with pytest.raises(ConflictError, match="already"):
        undo(store, ann, made.event_id, "u2")


def test_nobody_takes_back_what_another_decided(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    made = decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    with pytest.raises(MissingError):
        undo(store, ben, made.event_id, "u")


def test_a_skipped_sample_goes_to_others_and_comes_back_only_by_undo(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    made = skip(store, ann, ticket(handed(store, ann, queue)), "I know her")
    assert next_item(store, ann, queue.queue_id) == Idle(why="finished")
    undo(store, ann, made.event_id, "u")
    skipped = skip(store, ann, ticket(handed(store, ann, queue)))
    handout = handed(store, ben, queue)
    decide(store, ben, ticket(handout), accepted())
    with pytest.raises(ConflictError, match="others have reviewed"):
        undo(store, ann, skipped.event_id, "u2")


def test_a_flagged_sample_stays_with_who_flagged_it(store):
    ann, queue = person(store), queue_of(store)
    flag(store, ann, ticket(handed(store, ann, queue)), "sound is broken")
    decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    assert [d.kind for d in own_history(store, ann)] == ["decide", "flag"]


def test_a_draft_survives_the_lease_and_comes_back_first(office):
    store, queue = office.store, queue_of(office.store, 5)
    ann = person(store)
    handout = handed(store, ann, queue)
    save_draft(store, ann, handout.item_id, Answer(edited_text="half a sen"), version=0)
    give_back(store, ann, handout.item_id)
    again = handed(store, ann, queue)
    assert again.item_id == handout.item_id
    assert again.draft.answer.edited_text == "half a sen"


# ---- modes


def test_label_first_hides_the_text_until_the_label_is_kept_for_good(store):
    ann, queue = person(store), queue_of(store, mode="label_first")
    handout = handed(store, ann, queue)
    assert handout.told is None
    with pytest.raises(InvalidError, match="label first"):
        decide(store, ann, ticket(handout), accepted())
    shown = label_blind(store, ann, ticket(handout, "l1"), ("sad",), 2)
    assert (shown.told.text, shown.blind_labels) == ("Text 0 of a machine.", ("sad",))
    with pytest.raises(ConflictError):
        label_blind(store, ann, ticket(shown), ("happy",), None)
    made = decide(store, ann, ticket(shown), accepted("happy", saw_label=False))
    label, decision = reversed(own_history(store, ann))
    assert (label.kind, label.labels, label.saw_label) == ("label", ("sad",), False)
    assert (decision.labels, decision.saw_label) == (("happy",), True)
    assert undo(store, ann, made.event_id, "u").blind_labels == ("sad",)


def test_a_text_with_its_conclusion_shows_the_label_whatever_the_page_says(store):
    ann = person(store)
    queue = queue_of(store, [sample(0, tier="fine", conclusion="It is happy.")])
    decide(store, ann, ticket(handed(store, ann, queue)), accepted(saw_label=False))
    assert own_history(store, ann)[0].saw_label


def test_sides_of_a_comparison_are_drawn_and_the_answer_names_the_text(store):
    entries = [Entry(sample(i), sample(i, text=f"Other text {i}.")) for i in range(12)]
    queue, ann = queue_of(store, entries, mode="ab"), person(store)
    sides = set()
    for _ in entries:
        handout = handed(store, ann, queue)
        first_left = handout.told.text.startswith("Text")
        sides.add(first_left)
        decide(store, ann, ticket(handout), Answer(preference="a1"))
        kept = own_history(store, ann, most=1)[0]
        assert (kept.preference, kept.flipped) == (("a1", False) if first_left else ("a2", True))
    assert sides == {True, False}


def test_a_comparison_takes_no_verdict(store):
    entries = [Entry(sample(0), sample(0, text="Other."))]
    queue, ann = queue_of(store, entries, mode="ab"), person(store)
    handout = handed(store, ann, queue)
    with pytest.raises(InvalidError, match="a1, a2 or same"):
        decide(store, ann, ticket(handout), accepted())


def test_practice_comes_first_and_says_what_is_right(store):
    gold = [Entry(sample(9), gold=Gold(("sad", "angry"), "the mouth corners"))]
    queue_of(store, gold, name="practice", kind="practice")
    queue, ann = queue_of(store, 1, practice="practice"), person(store)
    handout = handed(store, ann, queue)
    assert handout.practice
    told = decide(store, ann, ticket(handout), accepted("happy")).feedback
    assert (told.right, told.labels, told.note) == (False, ("sad", "angry"), "the mouth corners")
    assert not handed(store, ann, queue).practice
    assert handed(store, person(store, "ben"), queue).practice


# ---- the lead's hand


def test_a_paused_queue_hands_nothing_new_out_but_takes_what_is_begun(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store, 2)
    begun = handed(store, ann, queue)
    pause(store, queue, paused=True)
    assert next_item(store, ben, queue.queue_id) == Idle(why="paused")
    decide(store, ann, ticket(begun), accepted())
    pause(store, queue, paused=False)
    assert handed(store, ben, queue)


def test_a_queue_for_some_is_not_there_for_others(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    set_members(store, queue, [ben])
    with pytest.raises(MissingError):
        next_item(store, ann, queue.queue_id)
    assert handed(store, ben, queue)


def test_drafts_and_the_place_in_a_queue_are_handed_over(store):
    ann, ben, queue = person(store), person(store, "ben"), queue_of(store)
    set_members(store, queue, [ann])
    item = handed(store, ann, queue).item_id
    save_draft(store, ann, item, Answer(note="half"), version=0)
    assert hand_over(store, queue, of=ann, to=ben) == 1
    assert handed(store, ben, queue).draft.answer.note == "half"
    with pytest.raises(MissingError):
        next_item(store, ann, queue.queue_id)


def test_filling_again_adds_nothing_and_a_new_text_takes_the_place_of_the_old(store):
    ann, queue = person(store), queue_of(store)
    assert fill(store, queue, [Entry(sample(0))]) == 0
    old = handed(store, ann, queue)
    assert fill(store, queue, [Entry(sample(0, text="Written anew."))]) == 1
    with pytest.raises(LeaseLostError, match="no longer asked"):
        decide(store, ann, ticket(old), accepted())
    give_back(store, ann, old.item_id)
    assert handed(store, ann, queue).told.text == "Written anew."
